/* Casework's chat: one script tag, no cookie, nothing loaded before a visitor opens it. See docs/chat.md. */
(() => {
  "use strict";
  const tag = document.currentScript;
  if (!tag || document.querySelector("casework-chat")) return;
  const { store, order = null, color } = tag.dataset;
  if (!store) { console.error("chat widget: the script tag has no data-store"); return; }
  const base = tag.src.replace(/\/widget\.js.*$/, "");

  const LANGUAGES = ["en", "de", "fr", "it", "es", "zh"];
  const WORDS = {
    launch: ["Chat with us", "Mit uns chatten", "Discuter avec nous", "Scrivici in chat", "Escríbanos por chat", "在线咨询"],
    close: ["Close the chat", "Chat schließen", "Fermer la discussion", "Chiudi la chat", "Cerrar el chat", "关闭聊天"],
    unread: ["New messages: {n}", "Neue Nachrichten: {n}", "Nouveaux messages : {n}", "Nuovi messaggi: {n}", "Mensajes nuevos: {n}", "新消息：{n}"],
    log: ["Conversation", "Gespräch", "Conversation", "Conversazione", "Conversación", "对话"],
    connecting: ["Connecting …", "Verbindung …", "Connexion …", "Connessione …", "Conectando …", "正在连接…"],
    open: ["We are at the desk and answer here.", "Wir sind da und antworten hier.", "Nous sommes là et répondons ici.",
      "Siamo qui e rispondiamo in chat.", "Estamos aquí y respondemos en este chat.", "客服在线，会在这里回复您。"],
    closed: ["Nobody is at the desk now; leave your question and we answer by mail.",
      "Gerade ist niemand da; hinterlassen Sie Ihre Frage, wir antworten per E-Mail.",
      "Personne n’est là pour le moment ; laissez votre question, nous répondrons par e-mail.",
      "Ora non c’è nessuno; lasci la sua domanda e rispondiamo per e-mail.",
      "Ahora no hay nadie; deje su pregunta y responderemos por correo.", "现在没有客服在线；请留言，我们会通过邮件回复。"],
    back: ["Back: {when}", "Wieder da: {when}", "De retour : {when}", "Di nuovo qui: {when}", "De vuelta: {when}", "恢复服务：{when}"],
    cut: ["No connection at the moment; we keep trying.", "Im Moment keine Verbindung; wir versuchen es weiter.",
      "Pas de connexion pour le moment ; nous réessayons.", "Al momento nessuna connessione; riproviamo.",
      "Sin conexión por el momento; seguimos intentándolo.", "暂时没有连接，正在重试。"],
    refused: ["The chat does not work on this page.", "Der Chat ist auf dieser Seite nicht verfügbar.", "La discussion n’est pas disponible sur cette page.",
      "La chat non è disponibile in questa pagina.", "El chat no está disponible en esta página.", "此页面无法使用聊天。"],
    greeting: ["Hello! What can we do for you?", "Guten Tag! Was können wir für Sie tun?", "Bonjour ! Que pouvons-nous faire pour vous ?",
      "Buongiorno! Come possiamo aiutarla?", "¡Hola! ¿En qué podemos ayudarle?", "您好！有什么可以帮您？"],
    about: ["About order {order}", "Zur Bestellung {order}", "Au sujet de la commande {order}", "Sull’ordine {order}", "Sobre el pedido {order}", "关于订单 {order}"],
    name: ["Name", "Name", "Nom", "Nome", "Nombre", "姓名"],
    email: ["E-mail", "E-Mail", "E-mail", "E-mail", "Correo", "邮箱"],
    why: ["With your e-mail address our answer reaches you after you have left.", "Mit Ihrer E-Mail-Adresse erreicht Sie unsere Antwort auch später.",
      "Avec votre adresse e-mail, notre réponse vous parvient aussi plus tard.", "Con il suo indirizzo e-mail la risposta le arriva anche più tardi.",
      "Con su correo, la respuesta le llega aunque se haya ido.", "留下邮箱，您离开后也能收到回复。"],
    wrong: ["This e-mail address does not look right.", "Diese E-Mail-Adresse stimmt so nicht.", "Cette adresse e-mail semble incorrecte.",
      "Questo indirizzo e-mail non sembra corretto.", "Esta dirección de correo no parece correcta.", "邮箱地址似乎不正确。"],
    message: ["Your message", "Ihre Nachricht", "Votre message", "Il suo messaggio", "Su mensaje", "您的消息"],
    hint: ["Enter sends, Shift and Enter begins a new line.", "Enter sendet, Umschalt und Enter beginnt eine neue Zeile.", "Entrée envoie, Maj et Entrée va à la ligne.",
      "Invio spedisce, Maiusc e Invio va a capo.", "Intro envía, Mayús e Intro empieza otra línea.", "按 Enter 发送，按 Shift 加 Enter 换行。"],
    send: ["Send", "Senden", "Envoyer", "Invia", "Enviar", "发送"],
    you: ["You", "Sie", "Vous", "Lei", "Usted", "您"],
    sending: ["Sending …", "Wird gesendet …", "Envoi …", "Invio …", "Enviando …", "发送中…"],
    sent: ["Sent · {at}", "Gesendet · {at}", "Envoyé · {at}", "Inviato · {at}", "Enviado · {at}", "已发送 · {at}"],
    later: ["Sent. Our answer goes to {email}.", "Gesendet. Unsere Antwort geht an {email}.", "Envoyé. Notre réponse ira à {email}.",
      "Inviato. La risposta andrà a {email}.", "Enviado. La respuesta irá a {email}.", "已发送，回复将发至 {email}。"],
    unsent: ["Not sent – try again", "Nicht gesendet – noch einmal versuchen", "Non envoyé – réessayer", "Non inviato – riprova", "No enviado – reintentar", "未发送 – 重试"],
    rejected: ["Not accepted", "Nicht angenommen", "Non accepté", "Non accettato", "No aceptado", "未被接收"],
  };
  const language = [tag.dataset.language, document.documentElement.lang, navigator.language, "en"]
    .map((name) => (name || "").slice(0, 2).toLowerCase()).find((name) => LANGUAGES.includes(name));
  const words = (key, facts = {}) => WORDS[key][LANGUAGES.indexOf(language)].replace(/\{(\w+)\}/g, (_, name) => facts[name]);

  const CSS = `
:host { all: initial; position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; color-scheme: light;
  font: 15px/1.45 system-ui, sans-serif; color: #1b2229; }
* { box-sizing: border-box; margin: 0; padding: 0; font: inherit; color: inherit; }
[hidden] { display: none !important; }
button { cursor: pointer; border: 0; background: none; }
:focus-visible { outline: 3px solid #1f6fd1; outline-offset: 2px; }
svg { display: block; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.launch { position: relative; display: grid; place-items: center; width: 60px; height: 60px; margin-left: auto; border-radius: 30px;
  background: var(--brand); color: var(--ink); box-shadow: 0 6px 20px #0f172a40; transition: transform .15s; }
.launch:hover { transform: translateY(-2px); } .panel:not([hidden]) + .launch { display: none; }
.badge { position: absolute; top: -3px; right: -3px; min-width: 22px; height: 22px; padding: 0 6px; border: 2px solid #fff; border-radius: 11px;
  background: #c62828; color: #fff; font-size: 12px; font-weight: 700; line-height: 18px; text-align: center; }
.panel { display: flex; flex-direction: column; width: 384px; height: min(640px, calc(100vh - 40px)); overflow: hidden;
  border: 1px solid #0f172a1f; border-radius: 16px; background: #fff; box-shadow: 0 18px 50px #0f172a38; overflow-wrap: anywhere; animation: rise .2s; }
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }
header { display: flex; gap: 12px; align-items: flex-start; padding: 16px 12px 14px 18px; background: var(--brand); color: var(--ink); }
header > div { flex: 1; min-width: 0; }
h2 { font-size: 17px; font-weight: 650; }
.state { display: flex; gap: 8px; margin-top: 2px; font-size: 13px; line-height: 1.4; }
.state::before { content: ""; flex: none; width: 9px; height: 9px; margin-top: 5px; border-radius: 50%; background: #cbd5e1; }
.state.open::before { background: #34d17b; } .state.cut::before { background: #ffb020; }
.close { flex: none; padding: 8px; border-radius: 8px; } .close:hover { background: #8884; }
header :focus-visible { outline-color: currentColor; } .log:focus-visible { outline-offset: -3px; }
.log { flex: 1; min-height: 60px; overflow-y: auto; overscroll-behavior: contain; padding: 6px 16px 16px; background: #eff1f4; list-style: none; }
.log li { display: flex; flex-direction: column; align-items: flex-start; margin-top: 10px; }
.log li.visitor { align-items: flex-end; }
.text { max-width: 84%; padding: 9px 13px; border-radius: 4px 16px 16px; background: #fff; white-space: pre-wrap; }
.visitor .text { border-radius: 16px 16px 4px; background: var(--brand); color: var(--ink); }
.note { margin-top: 3px; padding: 0 4px; font-size: 12px; color: #5c6773; }
.again { text-decoration: underline; color: #b3261e; font-size: 13px; font-weight: 600; padding: 3px 4px; border-radius: 4px; }
.log .order { display: block; width: fit-content; margin: 10px auto; padding: 2px 12px; border: 1px solid #d5dae1; border-radius: 12px; background: #fff; font-size: 13px; color: #47525e; }
form { border-top: 1px solid #e3e7ec; }
.who { display: grid; grid-template-columns: 2fr 3fr; gap: 4px 10px; padding: 12px 14px 2px; }
.who label { font-size: 13px; font-weight: 600; } #why { grid-column: 1 / -1; font-size: 12px; color: #5c6773; } #why.wrong { color: #b3261e; }
input, .box { width: 100%; margin-top: 2px; padding: 8px 10px; border: 1px solid #8b96a3; border-radius: 10px; font-size: 16px; font-weight: 400; }
input[aria-invalid] { border-color: #b3261e; }
.box { display: flex; gap: 8px; align-items: flex-end; width: auto; margin: 12px 14px 14px; padding: 4px 4px 4px 12px; border-radius: 14px; }
.box:focus-within { border-color: #1f6fd1; box-shadow: 0 0 0 2px #1f6fd1; }
textarea:focus-visible { outline: none; }
textarea { flex: 1; min-width: 0; height: 40px; max-height: 140px; padding: 8px 0; border: 0; resize: none; background: none; font-size: 16px; line-height: 24px; }
::placeholder { color: #5c6773; opacity: 1; }
.send { flex: none; display: grid; place-items: center; width: 40px; height: 40px; border-radius: 10px; background: var(--brand); color: var(--ink); }
.send[disabled] { background: #e3e7ec; color: #5c6773; cursor: default; }
@media (max-width: 480px) {
  :host { inset: auto 16px 16px auto; }
  .panel { position: fixed; inset: 0; width: auto; height: 100dvh; border: 0; border-radius: 0; padding-bottom: env(safe-area-inset-bottom); }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .launch, .send, .text, header { border: 1px solid; } }`;

  /* Words of strangers only ever become text nodes. */
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const icon = (size, ...paths) => {
    const draw = (name, attributes) => {
      const shape = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
      return shape;
    };
    const drawn = draw("svg", { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" });
    drawn.append(...paths.map((d) => draw("path", { d })));
    return drawn;
  };

  /* What outlives a page: whom we talk to (all tabs), and what is not sent yet (this tab). Where the browser keeps nothing for
     this site, it lives as long as the page. */
  const recall = (where, empty) => {
    try { return { ...empty, ...JSON.parse(window[where].getItem(`casework-chat:${store}`)) }; } catch { return empty; }
  };
  const keep = (where, value) => {
    try { window[where].setItem(`casework-chat:${store}`, JSON.stringify(value)); } catch { /* refused or full */ }
  };
  const known = recall("localStorage", { token: null, name: "", email: "", introduced: false, seen: 0 });
  const here = recall("sessionStorage", { open: false, pending: [] });
  addEventListener("storage", () => Object.assign(known, recall("localStorage", known)));
  const save = () => { keep("localStorage", known); keep("sessionStorage", here); };

  const host = make("casework-chat");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];

  const badge = make("span", { class: "badge", "aria-hidden": "true", hidden: "" });
  const launch = make("button", { class: "launch", type: "button", "aria-expanded": "false", "aria-controls": "panel", "aria-label": words("launch") },
    icon(28, "M21 11.5a8.4 8.4 0 0 1-12 7.6L3 21l1.9-6A8.5 8.5 0 1 1 21 11.5z", "M8.5 11.5h.01M12.5 11.5h.01M16.5 11.5h.01"), badge);
  const news = make("div", { class: "unseen", role: "status" });
  const title = make("h2", { id: "title" }, words("launch"));
  const state = make("p", { class: "state", role: "status" });
  const close = make("button", { class: "close", type: "button", "aria-label": words("close") }, icon(20, "M6 6l12 12M18 6L6 18"));
  const log = make("ol", { class: "log", role: "log", "aria-label": words("log"), tabindex: "0" });
  const name = make("input", { id: "name", name: "name", autocomplete: "name", maxlength: "120" });
  const email = make("input", { id: "email", name: "email", type: "email", autocomplete: "email", maxlength: "254", "aria-describedby": "why" });
  const why = make("p", { id: "why" }, words("why"));
  const who = make("div", { class: "who" }, make("label", {}, words("name"), name), make("label", {}, words("email"), email), why);
  const text = make("textarea", { "aria-label": words("message"), "aria-describedby": "hint", placeholder: words("message"), rows: "1", maxlength: "4000" });
  const send = make("button", { class: "send", type: "submit", "aria-label": words("send"), disabled: "" }, icon(20, "M12 19V5M5 12l7-7 7 7"));
  const form = make("form", { novalidate: "" }, who,
    make("div", { class: "box" }, text, make("span", { id: "hint", class: "unseen" }, words("hint")), send));
  const panel = make("section", { class: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", hidden: "" },
    make("header", {}, make("div", {}, title, state), close), log, form);
  root.append(panel, launch, news);
  if (order) log.append(make("li", { class: "order" }, words("about", { order })));
  log.append(make("li", {}, make("div", { class: "text" }, words("greeting"))));
  [name.value, email.value, who.hidden] = [known.name, known.email, known.introduced];

  const paint = () => {
    host.style.setProperty("--brand", color && window.CSS.supports("color", color) ? color : "#1f5a94");
    const [red, green, blue] = (getComputedStyle(launch).backgroundColor.match(/[\d.]+/g) || [0, 0, 0]).map((part) => (part / 255) ** 2.2);
    host.style.setProperty("--ink", 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.36 ? "#111" : "#fff");
  };

  const shown = new Map();
  let unread = 0, newest = 0;
  const count = () => {
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : unread;
    news.textContent = unread ? words("unread", { n: unread }) : "";
    launch.setAttribute("aria-label", unread ? `${words("launch")}. ${news.textContent}` : words("launch"));
  };
  const clock = (at) => new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(new Date(at));
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const toEnd = () => { log.scrollTop = log.scrollHeight; };

  const show = (line) => {
    const follows = isAtEnd() || line.pending;
    const author = line.from === "us" ? line.name || title.textContent : "";
    const note = make("div", { class: "note" }, line.pending ? "" : [author, clock(line.at)].filter(Boolean).join(" · "));
    const item = make("li", { class: line.from }, make("span", { class: "unseen" }, `${author || words("you")}: `),
      make("div", { class: "text", dir: "auto" }, line.text), note);
    const waiting = line.pending ? null : shown.get((here.pending[0] || {}).id);
    log.insertBefore(item, waiting ? waiting.item : null);
    shown.set(line.id, { item, note });
    if (follows) toEnd();
  };
  const mark = (id, key, facts) => {
    const { note } = shown.get(id);
    const follows = isAtEnd();
    if (key === "unsent") {
      const again = make("button", { class: "again", type: "button" }, words("unsent"));
      again.addEventListener("click", () => { text.focus(); flush(); });
      note.replaceChildren(again);
    } else note.textContent = words(key, facts);
    if (follows) toEnd();
  };
  const hear = (line) => {
    if (shown.has(line.id)) return;
    show(line);
    if (line.from !== "us" || Date.parse(line.at) <= known.seen) return;
    newest = Math.max(newest, Date.parse(line.at));
    unread += 1;
    look();
  };
  const look = () => {
    if (unread && !panel.hidden && !document.hidden) {
      [unread, known.seen] = [0, newest];
      save();
    }
    count();
  };

  let session = null, enteredAt = 0, entering = null, refused = false, isCut = false;
  const describe = () => {
    const key = refused ? "refused" : isCut ? "cut" : !session ? "connecting" : session.open ? "open" : "closed";
    const format = { weekday: "long", hour: "numeric", minute: "2-digit" };
    const back = key === "closed" && session.opens_at
      ? ` ${words("back", { when: new Intl.DateTimeFormat(language, format).format(new Date(session.opens_at)) })}` : "";
    state.textContent = words(key) + back;
    state.className = `state ${key}`;
  };
  const request = (path, more = {}) => {
    const headers = { Accept: "application/json", ...more.headers };
    if (known.token) headers.Authorization = `Bearer ${known.token}`;
    return fetch(base + path, { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", ...more, headers });
  };
  const post = (path, body) => request(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(15000),
  });

  const enter = () => entering ||= (async () => {
    const page = (location.origin + location.pathname).slice(0, 2000);
    const answer = await post("/sessions", { store, order, page, language });
    refused = answer.status === 403 || answer.status === 422;
    if (refused) console.error(`chat widget: ${(await answer.json()).detail}`);
    if (!answer.ok) throw answer;
    session = await answer.json();
    enteredAt = Date.now();
    known.token = session.token;
    title.textContent = session.title;
    isCut = false;
    save();
    if (session.begun) listen();
  })().finally(() => { entering = null; describe(); });

  let again = 0, failures = 0;
  const failed = (error) => {
    failures += 1;
    isCut = !refused && !(error instanceof Response);
    const asked = error instanceof Response ? 1000 * error.headers.get("Retry-After") : 0;
    clearTimeout(again);
    if (!refused) again = setTimeout(flush, Math.max(asked, Math.min(30000, 1000 * 2 ** failures)));
    describe();
  };
  let flushing = false;
  const flush = async () => {
    if (flushing || refused) return;
    flushing = true;
    clearTimeout(again);
    try {
      if (!session && !panel.hidden) await enter();
      while (here.pending.length) {
        const message = here.pending[0];
        mark(message.id, "sending");
        if (!session) await enter();
        const answer = await post("/messages", { ...message, name: known.name || null, email: known.email || null });
        if (answer.status === 401) { session = known.token = null; throw answer; }
        if (answer.status === 429 || answer.status >= 500) throw answer;
        here.pending.shift();
        const later = !session.open && known.email;
        mark(message.id, !answer.ok ? "rejected" : later ? "later" : "sent", { email: known.email, at: clock(Date.now()) });
        failures = 0;
        isCut = false;
        save();
        if (answer.ok) listen();
      }
      describe();
    } catch (error) {
      for (const { id } of here.pending) mark(id, "unsent");
      failed(error);
    } finally { flushing = false; }
  };

  let listening = null, last = null, wake = () => {};
  const listen = async () => {
    if (listening) return;
    const mine = listening = { cut: () => {} };
    for (let wait = 1000; listening === mine; wait = Math.min(2 * wait, 30000)) {
      const abort = new AbortController();
      mine.cut = () => { abort.abort(); wake(); };
      let alarm;
      const alive = () => { clearTimeout(alarm); alarm = setTimeout(() => abort.abort(), 45000); };
      try {
        alive();
        log.setAttribute("aria-live", last ? "polite" : "off");
        const answer = await request("/events", { signal: abort.signal, headers: { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) } });
        if (answer.status === 401 || answer.status === 403) { listening = session = known.token = null; save(); return; }
        if (!answer.ok) throw answer;
        isCut = false;
        describe();
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let rest = "", read; !(read = await reader.read()).done;) {
          alive();
          wait = 1000;
          const parts = (rest + read.value).split("\n\n");
          rest = parts.pop();
          parts.forEach(take);
          log.setAttribute("aria-live", "polite");
        }
      } catch { if (listening === mine) { isCut = true; describe(); } } finally { clearTimeout(alarm); }
      if (listening === mine) await new Promise((done) => { wake = done; setTimeout(done, wait * (0.5 + Math.random() / 2)); });
    }
  };
  const take = (event) => {
    const field = (key) => (event.match(new RegExp(`^${key}: (.*)$`, "m")) || [])[1];
    if (field("event") !== "line") return;
    hear(JSON.parse(field("data")));
    last = field("id");
  };
  let leaving = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) {
      leaving = setTimeout(() => { const old = listening; listening = null; if (old) old.cut(); }, 30000);
    } else {
      look();
      if (session && known.introduced) listen();
    }
  });
  addEventListener("online", () => { wake(); failures = 0; flush(); });

  const toggle = (open, focus = true) => {
    panel.hidden = !open;
    here.open = open;
    launch.setAttribute("aria-expanded", open);
    save();
    look();
    if (!open) { launch.focus(); return; }
    toEnd();
    describe();
    if (!refused && (!session || Date.now() - enteredAt > 60000)) enter().catch(failed);
    if (focus) (who.hidden ? text : name).focus();
  };
  const grow = () => {
    send.disabled = !text.value.trim();
    text.style.height = "40px";
    text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
  };
  const mistaken = (wrong) => {
    email.toggleAttribute("aria-invalid", wrong);
    why.className = wrong ? "wrong" : "";
    why.textContent = words(wrong ? "wrong" : "why");
    if (wrong) email.focus();
  };
  const identity = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!text.value.trim() || refused) return;
    const address = email.value.trim();
    if (address && !/^[^@\s<>,;:"()[\]\\]+@[^@\s<>,;:"()[\]\\]+\.[^@\s<>,;:"()[\]\\]+$/.test(address)) { mistaken(true); return; }
    mistaken(false);
    Object.assign(known, { name: name.value.trim(), email: address, introduced: true });
    const message = { id: identity(), text: text.value.trim(), order };
    here.pending.push(message);
    save();
    text.value = "";
    grow();
    who.hidden = true;
    show({ ...message, from: "visitor", pending: true });
    text.focus();
    failures = 0;
    flush();
  });
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  panel.addEventListener("keydown", (event) => {
    event.stopPropagation();  // the page's own keys are not meant while somebody types here
    if (event.key === "Escape" && !event.isComposing) toggle(false);
  });
  launch.addEventListener("click", () => toggle(true));
  close.addEventListener("click", () => toggle(false));

  const begin = () => {
    document.body.append(host);
    paint();
    for (const message of here.pending) show({ ...message, from: "visitor", pending: true });
    if (here.open) toggle(true, false);
    if (here.pending.length) flush(); else if (known.introduced && !here.open) enter().catch(failed);
  };
  if (document.body) begin(); else addEventListener("DOMContentLoaded", begin);
})();
