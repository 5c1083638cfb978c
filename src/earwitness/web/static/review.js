// Review by keys: the answer is shown without leaving the page, a digit grades, u takes back.
import { register } from "./keys.js";

const card = document.querySelector("[data-review]");
const [reveal, back, grades] = ["reveal", "back", "grades"].map((name) => card.querySelector(`[data-${name}]`));

const show = () => {
  if (!back.hidden) return;
  reveal.hidden = true;
  back.hidden = false;
  grades.hidden = false;
  back.focus({ preventScroll: true });
  grades.scrollIntoView({ block: "nearest" });
};
reveal.addEventListener("click", (event) => {
  event.preventDefault();
  show();
});
register(" ", show);
register("Enter", show);
for (const button of grades.querySelectorAll("button")) {
  register(button.value, () => { if (!grades.hidden) grades.requestSubmit(button); });
}
