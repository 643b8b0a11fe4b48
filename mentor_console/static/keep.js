/* Keeps half-written forms when a part of the page is exchanged: each takes the place of the fresh one, with the marks of
   what its writer saw, so that nothing a colleague did meanwhile is overwritten unseen. Of one in which things are only
   chosen (data-choices) the fresh one stays and gets the choices; so does that of a form which was sent and written on
   since. One that has no place any more is kept apart, to be sent or let go: never in a form of another address. One whose
   answer is still due (data-due, by exchange.js) stays in its place until then, if it has one. */
(function () {
  "use strict";
  var FIELDS = "input, textarea, select";
  var WORDS = "textarea, input:not([type='hidden'], [type='checkbox'], [type='radio'])";
  var ANEW = ["request_key", "version", "seen", "based_on"];
  var filter = Array.prototype.filter;
  var find = Array.prototype.find;
  var some = Array.prototype.some;
  var half = [];
  var sent = null;
  var added = [];
  var left = null;
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

  function isHalfWritten(form) {
    return form.hasAttribute("data-came-back") || some.call(form.querySelectorAll(FIELDS), isChanged);
  }

  function isDue(form) {
    return Number(form.getAttribute("data-due")) > (form === sent ? 1 : 0);
  }

  // The page that is shown, and whose it is.
  function shownPage() {
    return { address: document.getElementById("main").dataset.page, title: document.querySelector("#main h1") };
  }

  function isSamePage() {
    return shownPage().address === left.address;
  }

  // Not where only a problem is told, nor with a button that leads elsewhere than the form was filled in for.
  function isUsedUp(answered) {
    var pressed = answered.requestConfig.triggeringEvent.submitter;
    var told = new URL(answered.xhr.responseURL).searchParams;
    return !told.has("problem") && !(pressed && pressed.hasAttribute("formaction"));
  }

  function findKept(answered) {
    var forms = filter.call(document.forms, function (form) {
      return !form.contains(sent) && (isDue(form) || isHalfWritten(form)); // a link in a form lets it go
    });
    if (sent.localName === "form" && (isDue(sent) || (!isUsedUp(answered) && isHalfWritten(sent)))) {
      forms.push(sent); // also where it had no place while its answer was due
    }
    return forms;
  }

  // What was written or chosen in the form after it was sent.
  function findAdded(answered) {
    var values = answered.requestConfig.formData;
    return filter.call(sent.querySelectorAll(FIELDS), function (field) {
      var said = values.getAll(field.name);
      if (field.type === "checkbox" || field.type === "radio") {
        return !field.disabled && field.checked !== said.includes(field.value);
      }
      return field.type !== "hidden" && field.value !== said[0];
    });
  }

  // What a form is for; left out is what each page writes anew.
  function senseOf(form) {
    var said = filter.call(form.elements, function (field) {
      return field.name && ANEW.indexOf(field.name) === -1;
    });
    return said.reduce(function (all, field) {
      return all + " " + field.name + "=" + field.value;
    }, form.getAttribute("action"));
  }

  function placeOf(form) {
    return new URL(form.getAttribute("action"), window.location.href).pathname;
  }

  function findAlike(form) {
    var sense = senseOf(form);
    return find.call(document.forms, function (other) {
      return !isDue(other) && senseOf(other) === sense;
    });
  }

  function findSame(form) {
    var named = find.call(form.querySelectorAll(FIELDS), function (field) {
      return field.id;
    });
    var other = named && document.getElementById(named.id);
    var same = named ? other && other.closest("form") : isDue(form) && findAlike(form);
    return same && placeOf(same) === placeOf(form) ? same : null;
  }

  function chooseAgain(field) {
    var fresh = field.id && document.getElementById(field.id);
    if (!fresh) {
      return;
    }
    if (field.type === "checkbox" || field.type === "radio") {
      fresh.defaultChecked = false; // one that the page ticked would look untouched at the next exchange
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

  function frame(part, card) {
    var kept = document.createElement("article");
    var title = document.createElement("h2");
    var whose = card ? card.querySelector("h2") : left.title;
    title.append.apply(title, whose.cloneNode(true).childNodes);
    kept.className = "notice unsent";
    kept.append(title, document.importNode(document.getElementById("unsent-words").content, true));
    title.nextElementSibling.after(part);
    if (!card) {
      part.querySelectorAll("label .visually-hidden").forEach(function (name) {
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
    var region = form.closest("[hx-target]");
    var part = region && document.querySelector(region.getAttribute("hx-target"));
    var clash = form.closest(".clash"); // with what stands against the form
    var card = form.closest("article");
    (clash || form).setAttribute("data-kept", "");
    if (clash && part && !card && isSamePage()) {
      part.querySelector("h2").after(clash); // as it stood: what it is about is still here
    } else {
      var kept = card && card.classList.contains("unsent") ? card : frame(clash || form, card);
      place(kept, card, part || document.getElementById("main"));
    }
    window.htmx.process(form);
  }

  function hasWords(form) {
    return some.call(form.querySelectorAll(WORDS), function (field) {
      return field.value.trim() !== "";
    });
  }

  function openAround(part) {
    for (var around = part.closest("details"); around; around = around.parentElement.closest("details")) {
      around.open = true;
    }
  }

  function putBack(form) {
    if (form.isConnected) {
      return;
    }
    var fresh = findSame(form);
    form.setAttribute("data-kept", ""); // what is wrong in it was said when it came back
    if (form.hasAttribute("data-choices") && !isDue(form)) {
      form.querySelectorAll(FIELDS).forEach(chooseAgain);
      if (fresh) {
        openAround(fresh);
      }
    } else if (fresh) {
      form.setAttribute("action", fresh.getAttribute("action")); // which also says what of a history is shown
      fresh.replaceWith(form);
      window.htmx.process(form);
      openAround(form);
    } else if (hasWords(form) && !isDue(form)) {
      keepApart(form);
    }
  }

  // What was sent is done, or is in the fresh form with what is wrong: what was written since goes there.
  function putAdded() {
    var fresh = added.length && findSame(sent);
    if (fresh) {
      added.forEach(chooseAgain);
      openAround(fresh);
    } else if (added.length && hasWords(sent)) {
      keepApart(sent);
    }
  }

  // Who writes in a form that is not done goes on there, also who has only just opened it.
  function findWriting() {
    var held = document.activeElement;
    if (held.matches("summary") && held.parentElement.open && !held.parentElement.contains(sent)) {
      return { held: held, around: held.closest("[id]").id, words: held.textContent };
    }
    if (!held.matches(FIELDS) || (held.form === sent && !added.length && !isDue(sent))) {
      return null;
    }
    return { held: held, start: held.selectionStart, end: held.selectionEnd };
  }

  function findAgain(last) {
    if (last.held.isConnected || !isSamePage()) {
      return last.held.isConnected ? last.held : null;
    }
    if (!last.around) {
      return document.getElementById(last.held.id);
    }
    var around = document.getElementById(last.around);
    return around && find.call(around.querySelectorAll("summary"), function (summary) {
      return summary.textContent === last.words;
    });
  }

  function goOnWriting() {
    var last = writing;
    var field = last && findAgain(last);
    if (!field) {
      return;
    }
    openAround(field);
    field.setAttribute("data-writing", "");
    field.focus({ preventScroll: true });
    if (typeof last.start === "number") {
      field.setSelectionRange(last.start, last.end);
    }
  }

  // Before anything is exchanged or told.
  function lookAround(answered) {
    sent = answered.requestConfig.elt;
    left = shownPage();
    added = sent.localName === "form" ? findAdded(answered) : [];
    writing = findWriting();
    document.querySelectorAll("[data-writing]").forEach(function (field) {
      field.removeAttribute("data-writing");
    });
  }

  document.addEventListener("htmx:beforeSwap", function (event) {
    lookAround(event.detail);
    half = event.detail.shouldSwap ? findKept(event.detail) : [];
  });
  document.addEventListener("htmx:afterSwap", function () {
    var isKept = half.indexOf(sent) !== -1;
    half.splice(0).forEach(putBack);
    if (!isKept) {
      putAdded();
    }
    goOnWriting();
  });

  // One that did not get through is there to be sent again, also where its place went while it waited.
  function bringBack(event) {
    lookAround(event.detail);
    if (sent.localName === "form") {
      sent.setAttribute("data-came-back", "");
      putBack(sent);
    }
    goOnWriting();
  }

  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, bringBack);
  });
})();
