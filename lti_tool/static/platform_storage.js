// Keeps the secret of a login with the platform's page, and asks for it again when the launch arrives without its
// cookie (1EdTech LTI postMessage Storage). Messages go to the platform's own origin, and only its answers count.
// Without scripts, or where nobody answers, the pages that load this work by themselves.
"use strict";

// How long the way on waits: what the platform has not kept when this page is left is lost, since it cannot tell
// any more who asked. Then how soon another way in is offered beside the waiting.
const KEEP_MILLISECONDS = 5000;
const OFFER_MILLISECONDS = 1500;
// A question is put again until it is answered: the platform's page may not have listened yet.
const AGAIN_MILLISECONDS = 400;

function frameNamed(name) {
  const around = window.parent === window ? window.opener : window.parent;
  try {
    return name === "_parent" ? around : around.frames[name];
  } catch {
    return null; // nobody around, or a name that leads to no frame
  }
}

// What the platform answers, whenever that is; null where nobody is around or it refuses.
function askPlatform(place, message) {
  const frame = frameNamed(place.storageTarget);
  return new Promise((resolve) => {
    if (!frame) {
      resolve(null);
      return;
    }
    const number = crypto.randomUUID();
    const listen = (event) => {
      const answer = event.data;
      const isTheirs = event.origin === place.storageOrigin && event.source === frame;
      if (!isTheirs || !answer || answer.message_id !== number) {
        return;
      }
      if (answer.subject === message.subject + ".response") {
        window.clearInterval(again);
        window.removeEventListener("message", listen);
        resolve(answer.error ? null : answer);
      }
    };
    const ask = () =>
      frame.postMessage({ ...message, message_id: number, key: place.storageKey }, place.storageOrigin);
    const again = window.setInterval(ask, AGAIN_MILLISECONDS);
    window.addEventListener("message", listen);
    ask();
  });
}

async function keepSecretAndGoOn(link) {
  const asked = askPlatform(link.dataset, { subject: "lti.put_data", value: link.dataset.storageValue });
  await Promise.race([asked, new Promise((resolve) => window.setTimeout(resolve, KEEP_MILLISECONDS))]);
  window.location.replace(link.href);
}

// A slow platform still lets the person in after the other way was offered, unless they have taken it.
async function bringSecretBack(form) {
  const otherWay = document.getElementById("other-way");
  let taken = false;
  otherWay.addEventListener("submit", () => {
    taken = true;
  });
  otherWay.hidden = true;
  const patience = window.setTimeout(() => {
    otherWay.hidden = false;
  }, OFFER_MILLISECONDS);
  const answer = await askPlatform(form.dataset, { subject: "lti.get_data" });
  window.clearTimeout(patience);
  if (answer && typeof answer.value === "string" && answer.value && !taken) {
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
