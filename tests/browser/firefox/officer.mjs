// An officer with a stock Firefox: signs in, switches notifications on, looks at what is shown.
// Started with one argument, JSON: {firefox, site, pushService, login, password}. Writes JSON lines:
// {"step": "subscribed"}, then {"step": "shown", "notifications": [...]} at every change.
// Ends when its standard input does.
import puppeteer from "puppeteer-core";

const told = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: told.firefox,
  headless: true,
  extraPrefsFirefox: {
    "dom.push.serverURL": told.pushService,
    "dom.push.connection.enabled": true,
    "dom.push.testing.allowInsecureServerURL": true, // a loopback service needs no TLS
    "dom.push.testing.ignorePermission": true,
    "permissions.default.desktop-notification": 1, // the officer said yes
    "alerts.useSystemBackend": false, // there is no desktop to hand them to
    "app.update.enabled": false,
    "network.proxy.type": 0,
  },
});
let isOver = false;
process.stdin.resume();
process.stdin.on("end", () => {
  isOver = true;
  browser.close().finally(() => process.exit(0));
});

try {
  const page = await browser.newPage();
  page.on("console", (message) => process.stderr.write(`page: ${message.text()}\n`));
  await page.goto(`${told.site}/login`);
  await page.type("input[name=login]", told.login);
  await page.type("input[name=password]", told.password);
  await Promise.all([page.waitForNavigation(), page.click("button.is-main")]);
  await page.goto(`${told.site}/settings`);
  await page.waitForSelector("#push-on:not([hidden])", { timeout: 20000 });
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.click("#push-on");
  await page.waitForSelector("#push-off:not([hidden])", { timeout: 30000 });
  say({ step: "subscribed", browser: await browser.version() });

  let before = "";
  for (;;) {
    const notifications = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ title, body, tag, lang, data }) => ({
        title, body, tag, lang, data,
      }));
    });
    const now = JSON.stringify(notifications);
    if (now !== before) {
      before = now;
      say({ step: "shown", notifications });
    }
    await new Promise((done) => { setTimeout(done, 50); });
  }
} catch (error) {
  if (isOver) {
    await new Promise(() => {}); // the browser closes under our hands
  }
  process.stderr.write(`${error.stack}\n`);
  await browser.close().catch(() => {});
  process.exit(1);
}
