// Figures are refreshed in place: every half minute the page is asked for again, or every
// two seconds while an element is expected soon, and each element with data-live is replaced
// by the new one of the same id. Nothing moves under a
// reader who is at work: not while the page is hidden, text is selected, or the focus is in
// what would be replaced.
(() => {
  const live = () => document.querySelectorAll("[data-live][id]");
  const busy = (part) => part.contains(document.activeElement) || part.querySelector("details[open]");
  async function refresh() {
    if (document.hidden || !getSelection().isCollapsed) return;
    const answer = await fetch(location.pathname + location.search, {redirect: "error"});
    if (!answer.ok || !(answer.headers.get("Content-Type") || "").startsWith("text/html")) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live()) {
      const other = next.getElementById(part.id);
      if (other && !busy(part) && other.innerHTML !== part.innerHTML) part.replaceWith(document.importNode(other, true));
    }
    document.title = next.title;
  }
  const soon = () => document.querySelector('[data-live="soon"]');
  const wait = () => live().length > 0 && setTimeout(() => refresh().catch(() => {}).then(wait), soon() ? 2000 : 30000);
  wait();
})();
