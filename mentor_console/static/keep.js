/* Keeps half-written forms when a part of the page is exchanged: each takes the place of the fresh one, with the marks of
   what its writer saw, so that nothing a colleague did meanwhile is overwritten unseen. A part whose answer has no such
   form stays as it is. Where an answer lacks the part that was asked for, the page it came from is loaded whole. */
(function () {
  "use strict";
  var FIELDS = "input, textarea, select";
  var half = [];

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
    return Boolean(cameBack) || Array.prototype.some.call(form.querySelectorAll(FIELDS), isChanged);
  }

  function halfWritten(part, sent) {
    return Array.prototype.filter.call(part.querySelectorAll("form"), function (form) {
      return form !== sent && isHalfWritten(form);
    });
  }

  function findSame(form, fresh) {
    var named = Array.prototype.find.call(form.querySelectorAll(FIELDS), function (field) {
      return field.id;
    });
    var other = named && fresh.querySelector("#" + CSS.escape(named.id));
    var same = other && other.closest("form");
    // Today's forms lead elsewhere than those of the learner's page that may come into its place.
    return same && same.getAttribute("hx-target") === form.getAttribute("hx-target") ? same : null;
  }

  function putBack(form) {
    var fresh = form.isConnected ? null : findSame(form, document);
    if (!fresh) {
      return;
    }
    fresh.replaceWith(form);
    window.htmx.process(form);
    for (var around = form.closest("details"); around; around = around.parentElement.closest("details")) {
      around.open = true;
    }
  }

  document.addEventListener("htmx:beforeSwap", function (event) {
    half = [];
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
    half = halfWritten(document, sent);
  });
  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    var fresh = event.detail.fragment;
    event.detail.shouldSwap = half.every(function (form) {
      return !event.detail.target.contains(form) || findSame(form, fresh);
    });
  });
  document.addEventListener("htmx:afterSwap", function () {
    half.splice(0).forEach(putBack);
  });
})();
