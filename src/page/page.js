(function () {
  'use strict';
  var root = document.documentElement, body = document.body;
  var one = function (selector, from) { return (from || document).querySelector(selector); };
  var all = function (selector, from) {
    return Array.prototype.slice.call((from || document).querySelectorAll(selector));
  };
  function theme() {
    var dark = root.dataset.theme ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme:dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  }
  // A graph over another time.
  document.addEventListener('click', function (event) {
    var button = event.target.closest('button[data-swap]');
    if (!button) { return; }
    var article = button.closest('article');
    all('[data-scale]', article).forEach(function (it) {
      it.hidden = it.dataset.scale !== button.dataset.swap;
    });
    all('button[data-swap]', article).forEach(function (it) {
      it.setAttribute('aria-pressed', String(it === button));
    });
  });
  all('[data-theme-button]').forEach(function (it) { it.addEventListener('click', theme); });
  var shown = one('.shown');
  if (!shown) {
    document.addEventListener('keydown', function (event) {
      if (event.key === 't' && !event.ctrlKey && !event.metaKey && !event.altKey) { theme(); }
    });
    return;
  }
  var main = one('main'), search = one('input[type=search]'), verdict = '';
  var rows = all('.index li'), welcome = one('.welcome'), none = one('.none');
  var link = function (row) { return one('a', row); };
  var visible = function () { return rows.filter(function (row) { return !row.hidden; }); };
  function here() {
    return rows.filter(function (row) { return row.classList.contains('here'); })[0];
  }
  function show() {
    var name = decodeURIComponent(location.hash.slice(1));
    var template = name && document.getElementById('s:' + name);
    rows.forEach(function (row) {
      row.classList.toggle('here', !!name && link(row).getAttribute('href') === '#' + name);
    });
    shown.textContent = '';
    welcome.hidden = !!template;
    body.classList.toggle('open', !!template);
    if (!template) { return; }
    shown.appendChild(template.content.cloneNode(true));
    var back = document.createElement('button');
    back.className = 'back';
    back.textContent = '← index';
    back.addEventListener('click', function () { location.hash = ''; });
    one('article', shown).prepend(back);
    one('article', shown).removeAttribute('id');
    main.scrollTop = 0;
    window.scrollTo(0, 0);
    document.title = name;
    var row = here();
    if (row) { row.scrollIntoView({ block: 'nearest' }); }
  }
  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach(function (row) {
      var fits = (!verdict || row.dataset.verdict === verdict) && words.every(function (word) {
        return row.dataset.words.indexOf(word) >= 0;
      });
      row.hidden = !fits;
    });
    all('.index details').forEach(function (folder) {
      folder.hidden = !one('li:not([hidden])', folder);
    });
    none.hidden = visible().length > 0;
  }
  function go(step, fits) {
    var list = visible().filter(fits || function () { return true; });
    if (!list.length) { return; }
    var at = list.indexOf(here());
    var next = at < 0 ? (step > 0 ? 0 : list.length - 1) : (at + step + list.length) % list.length;
    location.hash = link(list[next]).getAttribute('href');
  }
  search.addEventListener('input', filter);
  all('.filters button').forEach(function (button) {
    button.addEventListener('click', function () {
      verdict = button.dataset.verdict;
      all('.filters button').forEach(function (it) {
        it.setAttribute('aria-pressed', String(it === button));
      });
      filter();
    });
  });
  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === 'Escape') {
      if (document.activeElement === search) { search.value = ''; filter(); search.blur(); }
      else { location.hash = ''; }
      return;
    }
    if (document.activeElement === search) {
      if (event.key === 'Enter') { search.blur(); go(1); }
      return;
    }
    var failed = function (row) { return row.dataset.verdict !== 'held'; };
    var keys = {
      '/': function () { body.classList.remove('open'); search.focus(); search.select(); },
      j: function () { go(1); },
      k: function () { go(-1); },
      f: function () { go(1, failed); },
      t: theme,
      d: function () { var it = one('a.download', shown); if (it) { it.click(); } }
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  window.addEventListener('hashchange', show);
  show();
})();
