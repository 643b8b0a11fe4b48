/* Sends what is pressed, one after the other, each as it was when it was pressed, and puts each answer into its part of
   the page: the region around the form, or all of the content where one of the two pages lacks that region. So no answer
   ever meets a page that another one changes meanwhile. What still waits when the page is left is sent then. */
(function () {
  "use strict";
  var WHOLE = "#main";
  var due = []; // the first is under way, the others wait
  var leadsTo = null;

  function isDue(form) {
    return due.some(function (one) {
      return one.form === form;
    });
  }

  // Whoever presses the same twice means it once.
  function isPressedAgain(form, pressed) {
    return due.some(function (one) {
      return one.form === form && one.pressed === pressed;
    });
  }

  function valuesOf(form, pressed) {
    var values = form.localName === "form" ? new FormData(form) : new FormData();
    if (pressed && pressed.name) {
      values.append(pressed.name, pressed.value);
    }
    return values;
  }

  function send() {
    var next = due[0];
    var how = { source: document.body, target: WHOLE, swap: "outerHTML show:none", values: next.values, event: next.event };
    window.htmx.ajax(next.verb, next.path, how).catch(function () {}); // failed.js says what went wrong
  }

  function goOn() {
    var form = due.shift().form;
    if (!isDue(form)) {
      form.removeAttribute("data-due");
    }
    if (due.length) {
      send();
    } else if (leadsTo) {
      window.location.assign(leadsTo);
    }
  }

  document.addEventListener("htmx:confirm", function (event) {
    var form = event.detail.elt;
    var pressed = event.detail.triggeringEvent && event.detail.triggeringEvent.submitter;
    if (form === document.body) {
      return; // its turn has come
    }
    event.preventDefault();
    if (isPressedAgain(form, pressed)) {
      return;
    }
    due.push({
      form: form,
      pressed: pressed,
      verb: event.detail.verb,
      path: (pressed && pressed.getAttribute("formaction")) || event.detail.path,
      values: valuesOf(form, pressed),
      event: event.detail.triggeringEvent,
    });
    form.setAttribute("data-due", "");
    if (due.length === 1) {
      send();
    }
  });
  document.addEventListener("htmx:configRequest", function (event) {
    event.detail.elt = due[0].form; // whom the answer is for
  });
  document.addEventListener("htmx:beforeSend", function (event) {
    event.detail.xhr.addEventListener("loadend", goOn);
  });

  document.addEventListener("htmx:beforeSwap", function (event) {
    var answered = event.detail;
    if (!answered.shouldSwap) {
      return;
    }
    var region = answered.requestConfig.elt.closest("[hx-target]");
    var part = region ? region.getAttribute("hx-target") : WHOLE;
    var beside = region ? region.getAttribute("hx-select-oob") : "";
    var answer = new DOMParser().parseFromString(answered.serverResponse, "text/html");
    if (!answer.querySelector("meta[name='htmx-config']")) {
      // No page that is exchanged in parts: it has scripts of its own, or tells of something that failed.
      answered.shouldSwap = false;
      answered.isError = answered.xhr.status >= 400;
      leadsTo = answered.isError ? leadsTo : answered.xhr.responseURL;
      return;
    }
    if (!document.querySelector(part) || !answer.querySelector(part)) {
      part = WHOLE;
      beside = "#nav";
    }
    answered.target = document.querySelector(part);
    answered.selectOverride = part;
    answered.etc.selectOOB = beside;
  });

  window.addEventListener("pagehide", function () {
    due.splice(1).forEach(function (one) {
      if (one.verb === "post") {
        navigator.sendBeacon(one.path, new URLSearchParams(one.values));
      }
    });
  });
})();
