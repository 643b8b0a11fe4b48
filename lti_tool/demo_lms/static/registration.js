// Closes the frame of a registration when the tool in it says that it is done.
"use strict";

window.addEventListener("message", (event) => {
  const frame = document.getElementById("registration");
  if (frame && event.source === frame.contentWindow && event.data && event.data.subject === "org.imsglobal.lti.close") {
    window.location.assign("/demo/tools");
  }
});
