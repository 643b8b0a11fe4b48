// Sends the form that carries an answer to the platform; without scripts its button does the same.
"use strict";

document.getElementById("send-on").submit();
