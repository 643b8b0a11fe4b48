// Sends the form of a launch on; without scripts its button does the same.
document.getElementById("ltiLaunchForm").submit();
