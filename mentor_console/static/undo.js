/* Takes the bar after an action away when its ten seconds are over, and brings the reader to it when a part of
   the page was exchanged. Without JavaScript the bar stays until the next page. */
(function () {
  "use strict";
  var SECONDS = 10;

  function watch() {
    var bar = document.getElementById("undo-bar");
    if (!bar || bar.hasAttribute("data-watched") || !bar.querySelector("form")) {
      return;
    }
    bar.setAttribute("data-watched", "");
    window.setTimeout(function () {
      var held = bar.contains(document.activeElement);
      bar.remove();
      if (held) {
        document.getElementById("main").focus();
      }
    }, SECONDS * 1000);
  }

  document.addEventListener("htmx:afterSettle", function () {
    var bar = document.getElementById("undo-bar");
    if (bar) {
      bar.focus();
    }
    watch();
  });
  watch();
})();
