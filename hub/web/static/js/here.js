// "I am there now": asks the phone where it is, when pressed, and writes it into the form.

const button = document.querySelector("[data-here]");
const state = document.getElementById("here-state");

if (button && "geolocation" in navigator && window.isSecureContext) {
  const field = document.querySelector(`[name="${button.dataset.here}"]`);
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field.value = `${coords.latitude.toFixed(6)}, ${coords.longitude.toFixed(6)}`;
        state.textContent = field.value;
      },
      () => {
        state.textContent = button.dataset.refused;
      },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });
}
