// Keeps the secret of a login with the platform's page, and asks for it again when the launch arrives without its
// cookie (1EdTech LTI postMessage Storage). Messages go to the platform's own origin, and only its answers count.
// Without scripts, or where nobody answers, the pages that load this work by themselves.
"use strict";

const WAIT_MILLISECONDS = 1500;

function frameNamed(name) {
  const around = window.parent === window ? window.opener : window.parent;
  try {
    return name === "_parent" ? around : around.frames[name];
  } catch {
    return null; // nobody around, or a name that leads to no frame
  }
}

function askPlatform(place, message) {
  const frame = frameNamed(place.storageTarget);
  return new Promise((resolve) => {
    if (!frame) {
      resolve(null);
      return;
    }
    const number = crypto.randomUUID();
    const finish = (answer) => {
      window.clearTimeout(patience);
      window.removeEventListener("message", listen);
      resolve(answer);
    };
    const listen = (event) => {
      const answer = event.data;
      const isTheirs = event.origin === place.storageOrigin && event.source === frame;
      if (!isTheirs || !answer || answer.message_id !== number) {
        return;
      }
      if (answer.subject === message.subject + ".response") {
        finish(answer.error ? null : answer);
      }
    };
    const patience = window.setTimeout(() => finish(null), WAIT_MILLISECONDS);
    window.addEventListener("message", listen);
    frame.postMessage({ ...message, message_id: number, key: place.storageKey }, place.storageOrigin);
  });
}

async function keepSecretAndGoOn(link) {
  await askPlatform(link.dataset, { subject: "lti.put_data", value: link.dataset.storageValue });
  window.location.replace(link.href);
}

async function bringSecretBack(form) {
  const otherWay = document.getElementById("other-way");
  otherWay.hidden = true;
  const answer = await askPlatform(form.dataset, { subject: "lti.get_data" });
  if (answer && typeof answer.value === "string" && answer.value) {
    form.elements.secret.value = answer.value;
    form.submit();
  } else {
    otherWay.hidden = false;
  }
}

const link = document.getElementById("go-on");
const form = document.getElementById("bring-back");
if (link) {
  keepSecretAndGoOn(link);
} else if (form) {
  bringSecretBack(form);
}
