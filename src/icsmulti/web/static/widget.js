// ICSMulti's form on another site: <icsmulti-widget titre theme lang>, or
// ICSMulti.init({container, titre, theme, lang}). It makes an iframe of /widget/frame, so that
// neither style nor script passes either way; the frame tells its height and nothing else.
(() => {
  "use strict";
  const { origin } = new URL(document.currentScript.src);
  const TAG = "icsmulti-widget";
  const OPTIONS = ["titre", "theme", "lang"];
  const HEIGHT_PX = { first: 900, least: 200, most: 100_000 };

  class Widget extends HTMLElement {
    static observedAttributes = OPTIONS;

    #frame = document.createElement("iframe");
    // In a shadow tree: the host page's rules for iframes do not reach it.
    #shadow = this.attachShadow({ mode: "closed" });
    #listen = (event) => this.#heard(event);

    constructor() {
      super();
      const style = { display: "block", width: "100%", height: HEIGHT_PX.first + "px", border: "0" };
      Object.assign(this.#frame.style, style);
      this.#frame.addEventListener("load", () => this.#greet());
    }

    connectedCallback() {
      this.style.display ||= "block";
      addEventListener("message", this.#listen);
      this.#show();
      this.#shadow.append(this.#frame); // with its address: an empty frame would load, and be greeted
    }

    disconnectedCallback() {
      removeEventListener("message", this.#listen);
    }

    attributeChangedCallback(name, before, after) {
      if (this.isConnected && before !== after) this.#show();
    }

    #show() {
      const address = new URL("/widget/frame", origin);
      for (const name of OPTIONS) {
        const value = this.getAttribute(name);
        if (value) address.searchParams.set(name, value);
      }
      this.#frame.title = this.getAttribute("titre") || "ICSMulti";
      if (this.#frame.src !== address.href) this.#frame.src = address.href;
    }

    /** The frame answers only to the page that greeted it, and only at that page's origin. */
    #greet() {
      this.#frame.contentWindow?.postMessage({ icsmulti: "hello" }, origin);
    }

    #heard({ source, origin: from, data }) {
      if (from !== origin || source !== this.#frame.contentWindow) return;
      if (data?.icsmulti !== "height" || !Number.isFinite(data.height)) return;
      const height = Math.min(Math.max(data.height, HEIGHT_PX.least), HEIGHT_PX.most);
      this.#frame.style.height = Math.ceil(height) + "px";
    }
  }

  if (!customElements.get(TAG)) customElements.define(TAG, Widget);

  window.ICSMulti ??= {
    /** Put a widget in an element, or in the first that a selector finds; the widget. */
    init({ container, ...options }) {
      const place = typeof container === "string" ? document.querySelector(container) : container;
      if (!place) throw new Error(`ICSMulti.init: no element for ${container}`);
      const widget = document.createElement(TAG);
      for (const name of OPTIONS) if (options[name]) widget.setAttribute(name, options[name]);
      place.replaceChildren(widget);
      return widget;
    },
  };
})();
