// A browser without a screen: opens an address of the provider, signs in as a person and agrees, or goes away.
//
// node browser.mjs ADDRESS PERSON [cancel]
const [address, person, cancel] = process.argv.slice(2);
const jar = new Map();

/** A busy machine may be late to answer: a browser's person would try again. */
async function patiently(url, request) {
  for (let left = 4; ; left -= 1) {
    try {
      return await fetch(url, request);
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

async function open(url, form) {
  const { hostname } = new URL(url);
  const cookies = [...jar].filter(([name]) => name.startsWith(`${hostname} `)).map(([, cookie]) => cookie.join('='));
  const answer = await patiently(url, {
    method: form ? 'POST' : 'GET',
    body: form && new URLSearchParams(form),
    headers: { cookie: cookies.join('; ') },
    redirect: 'manual',
  });
  for (const set of answer.headers.getSetCookie()) {
    const [name, value] = set.split(';')[0].split('=');
    jar.set(`${hostname} ${name}`, [name, value]);
  }
  const to = answer.headers.get('location');
  if (to) return open(new URL(to, url).href);
  return { url, status: answer.status, text: await answer.text() };
}

const attribute = (tag, name) => tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1]?.replaceAll('&amp;', '&');

let page = await open(address);
for (let step = 0; step < 8; step += 1) {
  const form = page.text.match(/<form[\s\S]*?<\/form>/)?.[0];
  if (page.status !== 200 || !form) break;
  const abort = page.text.match(/href="([^"]*\/abort)"/)?.[1];
  if (cancel && abort) {
    page = await open(new URL(abort, page.url).href);
    continue;
  }
  const fields = {};
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = attribute(input, 'name');
    if (name) fields[name] = attribute(input, 'value') ?? '';
  }
  if ('login' in fields) Object.assign(fields, { login: person, password: 'any' });
  page = await open(new URL(attribute(form, 'action') ?? page.url, page.url).href, fields);
}
console.log(`${page.status} ${page.url}\n${page.text}`);
