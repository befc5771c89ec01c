// Says what a part of a picture stands for, where the pointer is over it or a finger touches it.
const words = document.getElementById("says");

addEventListener("pointermove", (event) => tell(event));
addEventListener("pointerdown", (event) => tell(event));
document.addEventListener("pointerleave", () => { words.hidden = true; });
addEventListener("scroll", () => { words.hidden = true; }, { passive: true, capture: true });

function tell(event) {
  const part = event.target.closest?.("[data-says]");
  words.hidden = !part;
  if (!part) return;
  words.textContent = part.dataset.says;
  const left = event.clientX + 14, top = event.clientY + 14;
  words.style.left = Math.max(4, Math.min(left, innerWidth - words.offsetWidth - 4)) + "px";
  words.style.top = (top + words.offsetHeight > innerHeight ? event.clientY - words.offsetHeight - 10 : top) + "px";
}
