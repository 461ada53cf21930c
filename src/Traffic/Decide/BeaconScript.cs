namespace Mainstay.Traffic.Decide;

/// <summary>
/// The script that pages load. It changes nothing of the page but that requests to the page's own origin carry <c>traceparent</c>; whatever fails in it, the page goes on.
/// Bounded: 50 spans and 20 errors per report, a report each 5 s at most and one when the page is left.
/// </summary>
static class BeaconScript
{
    /// <summary>With <c>%PATH%</c> for where reports go and <c>%SHARE%</c> for the part of the pages that report, 0 to 1.</summary>
    public const string Text = """
        (function () {
          "use strict";
          var place = "%PATH%", share = %SHARE%, w = window, d = document, p = w.performance, real = w.fetch;
          if (!p || !p.getEntriesByType || !real || !w.URL || !w.crypto || w.__mainstayBeacon || Math.random() >= share) return;
          w.__mainstayBeacon = true;

          function hex(bytes) {
            var all = crypto.getRandomValues(new Uint8Array(bytes)), text = "";
            all[0] |= 1;
            for (var i = 0; i < bytes; i++) text += (all[i] + 256).toString(16).slice(1);
            return text;
          }
          function cut(text, most) { return String(text).slice(0, most || 300); }
          function now() { return p.now(); }

          // Times are milliseconds since the page's beginning, which the report tells.
          var spans = [], errors = [], vitals = {}, lost = 0, timer = 0, told = 0;

          function later() { if (!timer) timer = setTimeout(flush, 5000); }
          function keep(list, most, one) { if (list.length < most) list.push(one); else lost++; later(); }
          function flush() {
            clearTimeout(timer);
            timer = 0;
            if (!spans.length && !errors.length && !Object.keys(vitals).length) return;
            var body = JSON.stringify({
              v: 1, origin: p.timeOrigin, now: Date.now(), agent: cut(navigator.userAgent), page: cut(location.pathname), trace: view.trace, span: view.span,
              spans: spans, errors: errors, vitals: vitals, lost: lost
            });
            spans = []; errors = []; vitals = {}; lost = 0;
            if (!(navigator.sendBeacon && navigator.sendBeacon(place, body))) {
              real.call(w, place, { method: "POST", body: body, keepalive: true }).catch(function () { });
            }
          }

          // 1. The page. Its trace is the one that the gateway began for it; one from a cache is an old one's.
          var nav = p.getEntriesByType("navigation")[0], begun = null;
          if (nav && nav.transferSize !== 0) {
            (nav.serverTiming || []).forEach(function (one) {
              if (one.name === "traceparent") begun = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(one.description);
            });
          }
          var view = { name: "page load", trace: begun ? begun[1] : hex(16), span: hex(8), start: 0, open: 0, last: 0, path: location.pathname, done: false };
          function pageLoad() {
            if (nav) {
              keep(spans, 50, {
                n: "GET", k: "client", s: begun ? begun[2] : hex(8), t: view.trace, p: view.span, b: nav.requestStart, d: nav.responseEnd - nav.requestStart,
                a: { "http.request.method": "GET", "url.path": cut(first.path), "http.response.status_code": nav.responseStatus || 0 }, e: nav.responseStatus >= 500
              });
              keep(spans, 50, {
                n: "page load", k: "internal", s: first.span, t: first.trace, b: 0, d: nav.loadEventEnd || now(),
                a: { "url.path": cut(first.path), "browser.dom_interactive_ms": Math.round(nav.domInteractive), "browser.navigation": nav.type }
              });
              vitals.ttfb = nav.responseStart;
            }
            first.done = true;
          }
          var first = view;
          if (d.readyState === "complete") setTimeout(pageLoad, 0);
          else w.addEventListener("load", function () { setTimeout(pageLoad, 0); });

          // 2. Changes of route within the page: until the requests that they cause are answered.
          function settle(of) {
            of.last = now();
            setTimeout(function () { if (!of.open && !of.done && of !== first && now() - of.last >= 95) routed(of); }, 100);
          }
          function routed(of) {
            of.done = true;
            keep(spans, 50, { n: "route change", k: "internal", s: of.span, t: of.trace, b: of.start, d: Math.max(0, of.last - of.start), a: { "url.path": cut(of.path) } });
          }
          function moved() {
            if (location.pathname === view.path) return;
            if (!view.done && view !== first) routed(view);
            view = { trace: hex(16), span: hex(8), start: now(), open: 0, last: now(), path: location.pathname, done: false };
            settle(view);
          }
          ["pushState", "replaceState"].forEach(function (name) {
            var own = history[name];
            history[name] = function () {
              var result = own.apply(this, arguments);
              try { moved(); } catch (_) { }
              return result;
            };
          });
          w.addEventListener("popstate", function () { try { moved(); } catch (_) { } });

          // 3. Requests to the page's own origin.
          function begin(method, url) {
            var at = new URL(url, location.href);
            if (at.origin !== location.origin || at.pathname === place) return null;
            view.open++;
            return { n: cut(method, 20).toUpperCase(), s: hex(8), t: view.trace, p: view.span, b: now(), path: at.pathname, view: view };
          }
          function end(one, status, why) {
            one.view.open--;
            settle(one.view);
            keep(spans, 50, {
              n: one.n, k: "client", s: one.s, t: one.t, p: one.p, b: one.b, d: now() - one.b, e: !status || status >= 500,
              a: { "http.request.method": one.n, "url.path": cut(one.path), "http.response.status_code": status, "error.type": why || undefined }
            });
          }
          function parent(one) { return "00-" + one.t + "-" + one.s + "-01"; }
          w.fetch = function (input, init) {
            var one = null, how = init;
            try {
              var isRequest = w.Request && input instanceof Request;
              var headers = new Headers((init && init.headers) || (isRequest ? input.headers : undefined));
              if (!headers.has("traceparent")) one = begin((init && init.method) || (isRequest ? input.method : "GET"), isRequest ? input.url : input);
              if (one) {
                headers.set("traceparent", parent(one));
                how = Object.assign({}, init, { headers: headers });
              }
            } catch (_) { how = init; }
            var answer = real.call(this === undefined ? w : this, input, how);
            if (one) answer.then(function (r) { end(one, r.status); }, function (e) { end(one, 0, e && e.name); });
            return answer;
          };
          var xhr = w.XMLHttpRequest && w.XMLHttpRequest.prototype;
          if (xhr) {
            var open = xhr.open, send = xhr.send, set = xhr.setRequestHeader;
            xhr.open = function (method, url) { this.__beacon = [method, url]; return open.apply(this, arguments); };
            xhr.setRequestHeader = function (name) {
              if (this.__beacon && String(name).toLowerCase() === "traceparent") this.__beacon = null;
              return set.apply(this, arguments);
            };
            xhr.send = function () {
              var self = this;
              try {
                var one = this.__beacon && begin(this.__beacon[0], this.__beacon[1]);
                if (one) {
                  set.call(this, "traceparent", parent(one));
                  this.addEventListener("loadend", function () { end(one, self.status, self.status ? undefined : "network"); });
                }
              } catch (_) { }
              return send.apply(this, arguments);
            };
          }

          // 4. Errors.
          var known = {};
          function failed(type, message, stack, where) {
            var key = type + message;
            if (known[key] || told >= 100) { lost++; return; }
            known[key] = true;
            told++;
            keep(errors, 20, { at: now(), t: view.trace, s: view.span, type: cut(type, 100), m: cut(message, 1000), stack: cut(stack || "", 2000), where: cut(where || ""), path: cut(location.pathname) });
          }
          w.addEventListener("error", function (e) {
            try {
              var from = e.target;
              if (from && from !== w && from.tagName) failed("ResourceError", "cannot load " + from.tagName.toLowerCase() + " " + (from.currentSrc || from.src || from.href || ""));
              else failed((e.error && e.error.name) || "Error", e.message, e.error && e.error.stack, e.filename ? e.filename + ":" + e.lineno : "");
            } catch (_) { }
          }, true);
          w.addEventListener("unhandledrejection", function (e) {
            try { failed((e.reason && e.reason.name) || "UnhandledRejection", (e.reason && e.reason.message) || e.reason, e.reason && e.reason.stack); } catch (_) { }
          });

          // 5. Web vitals. What can still change is told when the page is first hidden.
          var lcp = 0, cls = 0, burst = 0, burstStart = 0, burstLast = 0, slow = [], inputs = {}, hidden = false;
          function watch(type, take, more) {
            try {
              new PerformanceObserver(function (list) { list.getEntries().forEach(take); }).observe(Object.assign({ type: type, buffered: true }, more));
            } catch (_) { }
          }
          watch("paint", function (e) { if (e.name === "first-contentful-paint") { vitals.fcp = e.startTime; later(); } });
          watch("largest-contentful-paint", function (e) { lcp = e.startTime; });
          watch("layout-shift", function (e) {
            if (e.hadRecentInput) return;
            if (e.startTime - burstLast > 1000 || e.startTime - burstStart > 5000) { burst = 0; burstStart = e.startTime; }
            burstLast = e.startTime;
            burst += e.value;
            cls = Math.max(cls, burst);
          });
          watch("event", function (e) {
            if (!e.interactionId) return;
            inputs[e.interactionId] = Math.max(inputs[e.interactionId] || 0, e.duration);
            slow = Object.keys(inputs).map(function (id) { return inputs[id]; }).sort(function (a, b) { return b - a; });
          }, { durationThreshold: 40 });
          function leave() {
            if (!hidden) {
              hidden = true;
              if (lcp) vitals.lcp = lcp;
              vitals.cls = cls;
              // Of 50 interactions one may be an outlier.
              if (slow.length) vitals.inp = slow[Math.min(slow.length - 1, Math.floor(slow.length / 50))];
            }
            flush();
          }
          d.addEventListener("visibilitychange", function () { if (d.visibilityState === "hidden") leave(); });
          w.addEventListener("pagehide", leave);
        })();
        """;
}
