// Refreshes the page while nothing is being typed, and sends its forms without leaving it. Everything works without it too.
"use strict";

const EVERY_MS = 1500;
const body = document.body;
let revision = Number(body.dataset.revision);

function toast(text, isError) {
  const box = document.querySelector(".toast");
  box.textContent = text;
  box.className = `toast show${isError ? " error" : ""}`;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { box.className = "toast"; }, isError ? 6000 : 2000);
}

// Times: the reader's own zone, and only as much of them as is needed.
function tellTimes(root) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    const isToday = moment.toDateString() === now.toDateString();
    const style = isToday ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
    element.textContent = new Intl.DateTimeFormat(document.documentElement.lang, style).format(moment);
    element.title = moment.toLocaleString(document.documentElement.lang);
  }
}

// A part is left alone while somebody types in it or has one of its menus open.
function isBusy(part) {
  if (part.querySelector("details[open]")) return true;
  return [...part.querySelectorAll("textarea")].some((field) => field.value !== "" || field === document.activeElement);
}

async function refresh({ force = false, address = location.href } = {}) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = fresh.title;
  for (const name of ["is-open", "is-messages"]) body.classList.toggle(name, fresh.body.classList.contains(name));
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next) continue;
    tellTimes(next);
    const isOther = next.dataset.ref !== part.dataset.ref;
    if (part.innerHTML !== next.innerHTML && (force || isOther || !isBusy(part))) {
      part.innerHTML = next.innerHTML;
      if (next.dataset.ref !== undefined) part.dataset.ref = next.dataset.ref;
    }
  }
  for (const link of document.querySelectorAll(".top a[href]")) {
    const next = [...fresh.querySelectorAll(".top a[href]")].find((one) => one.textContent === link.textContent);
    if (next) link.href = next.href;
  }
  revision = Number(fresh.body.dataset.revision);
}

async function watch() {
  if (!document.hidden) {
    try {
      const answer = await fetch("/ui/revision");
      const current = (await answer.json()).revision;
      body.classList.remove("is-offline");
      if (current !== revision) await refresh();
    } catch {
      if (!body.classList.contains("is-offline")) toast(body.dataset.offline, true);
      body.classList.add("is-offline");
    }
  }
  setTimeout(watch, EVERY_MS);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-act]")) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { accept: "application/json" } });
    const said = await answer.json();
    toast(said.ok ? body.dataset.saved : `${body.dataset.failed}: ${said.error}`, !said.ok);
    if (said.ok) form.reset();
    await refresh({ force: true });
  } catch {
    toast(body.dataset.offline, true);
  }
  for (const button of form.querySelectorAll("button")) button.disabled = false;
});

// Opening an approval or a tab replaces parts of the page instead of loading it anew.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.item, .tabs a, a.back, .delivery a");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    history.pushState(null, "", link.href);
    await refresh({ force: true });
    if (link.matches("a.item, .delivery a")) document.getElementById("approval").focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
    return;
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

window.addEventListener("popstate", () => refresh({ force: true }));
window.addEventListener("focus", () => refresh().catch(() => {}));

const theme = localStorage.getItem("simulator-theme");
if (theme) document.documentElement.dataset.theme = theme;
const toggle = document.querySelector("[data-theme-toggle]");
toggle.hidden = false;
toggle.addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("simulator-theme", root.dataset.theme);
});

tellTimes(document);
setTimeout(watch, EVERY_MS);
