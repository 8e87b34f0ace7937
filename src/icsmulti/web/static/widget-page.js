// The theme of the live widget.

const demo = document.querySelector("icsmulti-widget");
const theme = document.getElementById("demo-theme");
theme.addEventListener("change", () => demo.setAttribute("theme", theme.value));
