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

  // In the form that was sent, or in the part around the link that was followed.
  function placeOf(sent) {
    return (sent.isConnected && sent.closest("form, section")) || document.getElementById("main");
  }

  function takeAway(place) {
    place.querySelectorAll(":scope > .failed").forEach(function (notice) {
      notice.remove();
    });
  }

  function show(sent, said) {
    var notice = document.createElement("div");
    takeAway(placeOf(sent));
    notice.className = "notice problem failed";
    notice.setAttribute("role", "alert");
    notice.tabIndex = -1;
    notice.append(said, words("kept-words"));
    placeOf(sent).prepend(notice);
    if (!document.activeElement.hasAttribute("data-writing")) {
      notice.focus(); // who writes elsewhere (keep.js marks where) is told without it
    }
  }

  function unreached(event) {
    var sent = event.detail.requestConfig.elt;
    show(sent, words(sent.localName === "form" ? "unreached-words" : "unread-words"));
  }

  document.addEventListener("htmx:beforeSend", function (event) {
    takeAway(placeOf(event.detail.requestConfig.elt));
    takeAway(document.getElementById("main"));
  });
  document.addEventListener("htmx:responseError", function (event) {
    show(event.detail.requestConfig.elt, wordsOf(event.detail.xhr.responseText));
  });
  document.addEventListener("htmx:sendError", unreached);
  document.addEventListener("htmx:timeout", unreached);
})();
