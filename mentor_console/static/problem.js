/* Brings the reader to what is wrong, when a form came back: to the words about it, else to the first field that
   has to be looked at again. Without JavaScript the page begins at the form, by its address. */
(function () {
  "use strict";

  function show() {
    var wrong = document.querySelector(".notice.problem[tabindex]") || document.querySelector("[aria-invalid='true']");
    if (wrong) {
      wrong.focus();
    }
  }

  document.addEventListener("htmx:afterSettle", show);
  // Only after loading: a browser that goes to the part named in the address takes the focus away until then.
  window.addEventListener("load", function () {
    window.setTimeout(show, 0);
  });
})();
