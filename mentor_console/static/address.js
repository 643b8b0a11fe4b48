/* Lets the address name the page that is shown, when an action exchanged a part of it: reloaded, it brings back that page
   and neither the form that was sent nor what was said of it. An undo that is still offered leads back there, too. */
(function () {
  "use strict";
  var SAID = ["done", "undo", "at", "problem", "later", "tick"];

  document.addEventListener("htmx:afterSwap", function (event) {
    var answer = event.detail.xhr;
    if (!answer || answer.status >= 400 || !answer.responseURL) {
      return;
    }
    var shown = new URL(answer.responseURL);
    SAID.forEach(function (name) {
      shown.searchParams.delete(name);
    });
    window.history.replaceState(null, "", shown.pathname + shown.search);
    document.querySelectorAll("#undo-bar [name='back']").forEach(function (field) {
      field.value = shown.pathname + shown.search;
    });
  });
})();
