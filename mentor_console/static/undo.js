/* Brings the reader to the bar after an action, unless they write elsewhere (keep.js marks where), and takes it away when
   its ten seconds are over, unless it was pressed. Without JavaScript the bar stays until the next page. */
(function () {
  "use strict";
  var SECONDS = 10;

  // A status that comes with its words is not read out everywhere; one whose words change is.
  function announce(said) {
    var words = said.textContent;
    if (words) {
      said.textContent = "";
      window.setTimeout(function () {
        said.textContent = words;
      }, 100);
    }
  }

  function takeAwayLater(bar) {
    window.setTimeout(function () {
      if (bar.querySelector("[data-due], .failed")) {
        return;
      }
      var held = bar.contains(document.activeElement);
      bar.remove();
      if (held) {
        document.getElementById("main").focus({ preventScroll: true });
      }
    }, SECONDS * 1000);
  }

  function show() {
    var bar = document.getElementById("undo-bar");
    if (!bar || bar.hasAttribute("data-shown")) {
      return;
    }
    bar.setAttribute("data-shown", "");
    if (document.activeElement.hasAttribute("data-writing")) {
      announce(bar.querySelector("[role=status]"));
    } else {
      bar.focus({ preventScroll: true });
    }
    if (bar.querySelector("form")) {
      takeAwayLater(bar);
    }
  }

  document.addEventListener("htmx:afterSettle", show);
  // Only after loading: a browser that goes to the part named in the address takes the focus away until then.
  window.addEventListener("load", function () {
    window.setTimeout(show, 0);
  });
})();
