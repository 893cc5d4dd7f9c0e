// The session of the page: whether it has ended meanwhile, and the token that its forms carry.
const TOKEN = '[name="csrfmiddlewaretoken"]';
const signIn = document.body.dataset.signIn;

export const isSignIn = (address) => Boolean(address) && new URL(address, location.href).pathname === signIn;

// The forms of a page hold a token that a sign-in in another tab makes worthless. A fresh one is read from the page as
// it is now and goes into all of them; nothing that was chosen or typed is touched. False: signed out.
export async function renewToken() {
  const answer = await fetch(location.pathname);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = fresh.querySelector(TOKEN)?.value;
  if (!token || isSignIn(answer.url)) return false;
  for (const field of document.querySelectorAll(TOKEN)) field.value = token;
  document.body.setAttribute("hx-headers", fresh.body.getAttribute("hx-headers"));
  return true;
}
