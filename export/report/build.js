const unfold = id => {
  const fold = id && document.getElementById(id)?.closest("details");
  if (fold) { fold.open = true; fold.scrollIntoView(); }
};
for (const link of document.querySelectorAll('a[href^="#"]')) link.addEventListener("click", () => unfold(link.hash.slice(1)));
addEventListener("hashchange", () => unfold(location.hash.slice(1)));
unfold(location.hash.slice(1));
