/* Keeps half-written forms when a part of the page is exchanged: each takes the place of the fresh one, with the marks of
   what its writer saw, so that nothing a colleague did meanwhile is overwritten unseen. Of one in which things are only
   chosen (data-choices) the fresh one stays and gets the choices. One that has no place any more is kept apart, to be
   sent or let go. Where an answer lacks the part that was asked for, the page it came from is loaded whole. */
(function () {
  "use strict";
  var FIELDS = "input, textarea, select";
  var WORDS = "textarea, input:not([type='hidden'], [type='checkbox'], [type='radio'])";
  var filter = Array.prototype.filter;
  var some = Array.prototype.some;
  var half = [];
  var writing = null;

  function isChanged(field) {
    if (field.localName === "select") {
      var first = field.querySelector("option[selected]") || field.options[0];
      return first !== undefined && !first.selected;
    }
    if (field.type === "checkbox" || field.type === "radio") {
      return field.checked !== field.defaultChecked;
    }
    return field.value !== field.defaultValue;
  }

  // One that was refused holds what was typed as if the page had come with it.
  function isHalfWritten(form) {
    var cameBack = form.closest(".clash") || form.querySelector("[aria-invalid='true'], .notice.problem");
    return Boolean(cameBack) || some.call(form.querySelectorAll(FIELDS), isChanged);
  }

  // Not where only a problem is told, nor with a button that leads elsewhere than the form was filled in for.
  function isUsedUp(sent) {
    var pressed = sent.requestConfig.triggeringEvent.submitter;
    var told = new URL(sent.xhr.responseURL).searchParams;
    return !told.has("problem") && !(pressed && pressed.hasAttribute("formaction"));
  }

  function findHalfWritten(sent) {
    var done = isUsedUp(sent) ? sent.requestConfig.elt : null;
    return filter.call(document.querySelectorAll("form"), function (form) {
      return form !== done && isHalfWritten(form);
    });
  }

  function findSame(form) {
    var named = Array.prototype.find.call(form.querySelectorAll(FIELDS), function (field) {
      return field.id;
    });
    var other = named && document.getElementById(named.id);
    var same = other && other.closest("form");
    // Today's forms lead elsewhere than those of the learner's page that may come into its place.
    return same && same.getAttribute("hx-target") === form.getAttribute("hx-target") ? same : null;
  }

  function chooseAgain(field) {
    var fresh = field.id && document.getElementById(field.id);
    if (!fresh) {
      return;
    }
    if (field.type === "checkbox") {
      fresh.defaultChecked = false; // one that the address ticked would look untouched at the next exchange
      fresh.checked = field.checked && !fresh.disabled;
      return;
    }
    fresh.value = field.value;
    if (fresh.selectedIndex === -1) {
      fresh.value = ""; // what was chosen is gone: nothing else is chosen instead
    }
  }

  function findBeside(card, way) {
    for (var other = card[way]; other; other = other[way]) {
      var shown = other.matches("article[id]") && document.getElementById(other.id);
      if (shown) {
        return shown;
      }
    }
    return null;
  }

  // Where its card stood, else at the beginning of its part.
  function place(kept, card, part) {
    var next = card && findBeside(card, "nextElementSibling");
    var last = card && findBeside(card, "previousElementSibling");
    if (next) {
      next.before(kept);
    } else if (last) {
      last.after(kept);
    } else {
      part.prepend(kept);
    }
  }

  function frame(form, card) {
    var kept = document.createElement("article");
    var title = card && card.querySelector("h2").cloneNode(true);
    kept.className = "notice unsent";
    kept.append(document.importNode(document.getElementById("unsent-words").content, true));
    kept.firstElementChild.after(form);
    if (title) {
      title.removeAttribute("id");
      kept.prepend(title);
    } else {
      form.querySelectorAll("label .visually-hidden").forEach(function (name) {
        name.removeAttribute("class"); // whose it is was to be seen around it
      });
    }
    kept.lastElementChild.addEventListener("click", function (event) {
      if (event.target.localName === "button") {
        kept.remove();
        document.getElementById("main").focus({ preventScroll: true });
      }
    });
    return kept;
  }

  function keepApart(form) {
    var part = document.querySelector(form.closest("[hx-target]").getAttribute("hx-target"));
    var card = form.closest("article");
    var kept = card && card.classList.contains("unsent") ? card : frame(form, card);
    place(kept, card, part || document.getElementById("main"));
    if (part) {
      window.htmx.process(form);
    } else {
      form.removeAttribute("hx-boost"); // sent as a whole page: what it would exchange is not here
    }
  }

  function hasWords(form) {
    return some.call(form.querySelectorAll(WORDS), function (field) {
      return field.value.trim() !== "";
    });
  }

  function openAround(form) {
    for (var around = form.closest("details"); around; around = around.parentElement.closest("details")) {
      around.open = true;
    }
  }

  function putBack(form) {
    var fresh = findSame(form);
    if (form.isConnected) {
      return;
    }
    form.setAttribute("data-kept", ""); // what is wrong in it was said when it came back
    if (form.hasAttribute("data-choices")) {
      form.querySelectorAll(FIELDS).forEach(chooseAgain);
      if (fresh) {
        openAround(fresh);
      }
    } else if (fresh) {
      fresh.replaceWith(form);
      window.htmx.process(form);
      openAround(form);
    } else if (hasWords(form)) {
      keepApart(form);
    }
  }

  // Who writes in another form than the one that was sent goes on there.
  function findWriting(sent) {
    var field = document.activeElement;
    if (!field.matches(FIELDS) || field.form === sent.requestConfig.elt) {
      return null;
    }
    return { field: field, start: field.selectionStart, end: field.selectionEnd };
  }

  function goOnWriting(last) {
    var field = last.field.isConnected ? last.field : document.getElementById(last.field.id);
    if (!field) {
      return;
    }
    field.setAttribute("data-writing", "");
    field.focus({ preventScroll: true });
    if (typeof last.start === "number") {
      field.setSelectionRange(last.start, last.end);
    }
  }

  document.addEventListener("htmx:beforeSwap", function (event) {
    half = [];
    writing = null;
    document.querySelectorAll("[data-writing]").forEach(function (field) {
      field.removeAttribute("data-writing");
    });
    if (!event.detail.shouldSwap) {
      return;
    }
    var sent = event.detail.requestConfig.elt;
    var asked = event.detail.selectOverride || sent.closest("[hx-select]").getAttribute("hx-select");
    var answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    if (event.detail.xhr.status < 400 && !answer.querySelector(asked)) {
      event.detail.shouldSwap = false;
      window.location.assign(event.detail.xhr.responseURL);
      return;
    }
    half = findHalfWritten(event.detail);
    writing = findWriting(event.detail);
  });
  document.addEventListener("htmx:afterSwap", function () {
    half.splice(0).forEach(putBack);
    if (writing) {
      goOnWriting(writing);
      writing = null;
    }
  });
})();
