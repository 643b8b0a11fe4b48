// Tells the platform's page that the registration is done, so that it closes this window (dynamic registration 3.4).
"use strict";

const page = window.opener || window.parent;
// The message holds nothing, and on hosted Canvas the page around has an address nobody has told us: so to any.
if (page && page !== window) {
  page.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
}
