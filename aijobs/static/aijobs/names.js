// select2 draws a box and what is chosen in it, and connects neither with the label: screen readers would find no name.
function nameWhatIsDrawn() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    const drawn = select.parentElement.querySelectorAll('[role="combobox"], [role="textbox"], [role="searchbox"]');
    for (const each of drawn) {
      each.setAttribute("aria-label", label ? label.textContent.trim() : select.name);
    }
  }
}

// After all that jQuery does when the page is ready: that draws them. Lists have neither.
addEventListener("DOMContentLoaded", () => window.django?.jQuery?.(() => setTimeout(nameWhatIsDrawn)));
