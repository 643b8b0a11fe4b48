/* Brings the reader to what is wrong, when a form came back, unless they write elsewhere (keep.js marks where): to the
   words about it, else to the first field that has to be looked at again. Without JavaScript the page begins at the form,
   by its address. */
(function () {
  "use strict";

  function show(part) {
    var wrong = part.querySelector(".notice.problem[tabindex]:not([data-kept] *)") || part.querySelector("[aria-invalid='true']:not([data-kept] *)");
    if (wrong && !document.activeElement.hasAttribute("data-writing")) {
      wrong.focus();
    }
  }

  // Only in what was exchanged: a form that came back earlier may still stand in another part of the page, and where
  // keep.js put it back.
  document.addEventListener("htmx:afterSettle", function (event) {
    show(event.target);
  });
  // Only after loading: a browser that goes to the part named in the address takes the focus away until then.
  window.addEventListener("load", function () {
    window.setTimeout(show, 0, document);
  });
})();
