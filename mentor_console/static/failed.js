/* Says beside the form that what was sent did not get through: in the words of the page that came back, else in those
   the page keeps for it. Nothing is exchanged, so what was typed stays. Without JavaScript the browser says it. */
(function () {
  "use strict";

  function words(id) {
    return document.importNode(document.getElementById(id).content, true);
  }

  function wordsOf(answer) {
    var said = document.createDocumentFragment();
    var letter = new DOMParser().parseFromString(answer, "text/html").querySelector("#main > .letter");
    if (!letter) {
      return words("failed-words");
    }
    Array.prototype.forEach.call(letter.children, function (part) {
      if (part.localName === "h1") {
        var title = document.createElement("b");
        title.textContent = part.textContent;
        said.append(title);
      } else if (part.localName !== "h2") {
        said.append(document.importNode(part, true));
      }
    });
    return said;
  }

  function takeAway() {
    var shown = document.getElementById("failed");
    if (shown) {
      shown.remove();
    }
  }

  function show(form, said) {
    var notice = document.createElement("div");
    takeAway();
    notice.id = "failed";
    notice.className = "notice problem";
    notice.setAttribute("role", "alert");
    notice.tabIndex = -1;
    notice.append(said, words("kept-words"));
    (form.isConnected ? form : document.getElementById("main")).prepend(notice);
    notice.focus();
  }

  function unreached(event) {
    show(event.detail.elt, words("unreached-words"));
  }

  document.addEventListener("htmx:beforeSend", takeAway);
  document.addEventListener("htmx:responseError", function (event) {
    show(event.detail.elt, wordsOf(event.detail.xhr.responseText));
  });
  document.addEventListener("htmx:sendError", unreached);
  document.addEventListener("htmx:timeout", unreached);
})();
