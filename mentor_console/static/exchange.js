/* Sends what is pressed, one after the other, each as it was when it was pressed, and puts each answer into its part of
   the page: the region around the form, or all of the content where the answer is another page or one of the two lacks
   that region. So no answer ever meets a page that another one changes meanwhile. What is not done yet when the page is
   left is sent then; what had arrived already, the server knows again. */
(function () {
  "use strict";
  var WHOLE = "#main";
  // What the server makes of these marks of a form when it has done what the form asks for.
  var AFTER = {
    request_key: function (key) {
      return key + ".";
    },
    version: function (version) {
      return String(Number(version) + 1);
    },
  };
  var due = []; // the first is under way, the others wait
  var leadsTo = null;

  // How often it was pressed and is not answered.
  function mark(form) {
    var times = due.filter(function (one) {
      return one.form === form;
    }).length;
    if (times) {
      form.setAttribute("data-due", times);
    } else {
      form.removeAttribute("data-due");
    }
  }

  function says(one) {
    return one.path + " " + new URLSearchParams(one.values);
  }

  // Whoever presses the same twice means it once; what was written on in between is one more.
  function isPressedAgain(pressed) {
    return due.some(function (one) {
      return says(one) === says(pressed);
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

  function placeOf(one) {
    return new URL(one.path, window.location.href).pathname;
  }

  // What waits, or is pressed next in the same form, comes after what is done now and from the same person: that is no
  // news to it.
  function builtOn(done) {
    Object.keys(AFTER).forEach(function (name) {
      var mark = done.values.get(name);
      var field = done.form.elements && done.form.elements[name];
      if (mark === null) {
        return;
      }
      if (field && field.value === mark) {
        field.value = AFTER[name](mark);
      }
      due.forEach(function (one) {
        if (one.values.get(name) === mark && placeOf(one) === placeOf(done)) {
          one.values.set(name, AFTER[name](mark));
        }
      });
    });
  }

  function isDone(answer) {
    return answer.status >= 200 && answer.status < 400 && !new URL(answer.responseURL).searchParams.has("problem");
  }

  function goOn(event) {
    var first = due.shift();
    if (!first) {
      return; // sent when the page was left
    }
    mark(first.form);
    if (isDone(event.target)) {
      builtOn(first);
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
    var next = {
      form: form,
      verb: event.detail.verb,
      path: (pressed && pressed.getAttribute("formaction")) || event.detail.path,
      values: valuesOf(form, pressed),
      event: event.detail.triggeringEvent,
    };
    if (isPressedAgain(next)) {
      return;
    }
    due.push(next);
    mark(form);
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
    var shown = document.querySelector(WHOLE);
    var answer = new DOMParser().parseFromString(answered.serverResponse, "text/html");
    if (!answer.querySelector("meta[name='htmx-config']")) {
      // No page that is exchanged in parts: it has scripts of its own, or tells of something that failed.
      answered.shouldSwap = false;
      answered.isError = answered.xhr.status >= 400;
      leadsTo = answered.isError ? leadsTo : answered.xhr.responseURL;
      return;
    }
    if (answered.requestConfig.verb === "get") {
      beside = beside.replace("#told,", ""); // who only looks on is still offered to undo
    }
    if (answer.querySelector(WHOLE).dataset.page !== shown.dataset.page || !shown.querySelector(part) || !answer.querySelector(part)) {
      part = WHOLE;
      beside = "#nav";
    }
    answered.target = document.querySelector(part);
    answered.selectOverride = part;
    answered.etc.selectOOB = beside;
  });

  window.addEventListener("pagehide", function () {
    while (due.length) {
      var one = due.shift();
      if (one.verb === "post") {
        navigator.sendBeacon(one.path, new URLSearchParams(one.values));
      }
      mark(one.form);
      builtOn(one);
    }
  });
})();
