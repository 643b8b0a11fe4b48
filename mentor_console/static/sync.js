/* Looks again every two seconds while an update of the course data runs, and shows what the page then says.
   Without JavaScript the page reloads itself; with it the reader keeps focus and place. */
(function () {
  "use strict";
  var PAUSE_MS = 2000;
  var PATIENCE = 5;
  var failures = 0;

  function show(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html").getElementById("sync-state");
    var shown = document.getElementById("sync-state");
    if (!fresh || !shown) {
      window.location.reload();
      return;
    }
    var focused = shown.contains(document.activeElement) ? document.activeElement.id : "";
    shown.replaceWith(document.adoptNode(fresh));
    var again = focused && document.getElementById(focused);
    if (again) {
      again.focus({ preventScroll: true });
    }
    if (fresh.hasAttribute("data-live")) {
      window.setTimeout(look, PAUSE_MS);
    }
  }

  function look() {
    fetch(window.location.href, { credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        failures = 0;
        return answer.text();
      })
      .then(show)
      .catch(function () {
        failures += 1;
        if (failures < PATIENCE) {
          window.setTimeout(look, PAUSE_MS * failures);
        }
      });
  }

  window.setTimeout(look, PAUSE_MS);
})();
