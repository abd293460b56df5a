// Draws what ui/component.py sends and reports what is picked. Names enter as data alone: no innerHTML anywhere.

function disc(ctx, mark, look, x, y, state) {
  const colour = look.relations[mark.relation] || look.ink;
  ctx.beginPath();
  ctx.arc(x, y, mark.radius, 0, 2 * Math.PI);
  ctx.fillStyle = mark.stub || mark.relation === 'unspecified' ? look.paper : colour;
  ctx.fill();
  ctx.lineWidth = 2;
  ctx.strokeStyle = mark.relation === 'unspecified' ? look.faint : colour;
  ctx.stroke();
  if (state.selected || state.hover) {
    ctx.beginPath();
    ctx.arc(x, y, mark.radius + 4, 0, 2 * Math.PI);
    ctx.lineWidth = state.selected ? 3 : 1.5;
    ctx.strokeStyle = look.ink;
    ctx.stroke();
  }
  ctx.fillStyle = mark.stub || mark.relation === 'unspecified' ? look.ink : look.onColour;
  ctx.font = '700 10.5px ' + look.font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(mark.letter || '●', x, y + 0.5);
}

function bar(ctx, mark, look, x, y, state) {
  const width = 46, height = 11, whole = Object.values(mark.mix).reduce((a, b) => a + b, 0);
  let left = x - 10;
  for (const [relation, count] of Object.entries(mark.mix)) {
    const part = width * count / whole;
    ctx.fillStyle = look.relations[relation] || look.faint;
    ctx.fillRect(left, y - height / 2, part, height);
    left += part;
  }
  ctx.lineWidth = state.selected ? 3 : 1;
  ctx.strokeStyle = state.selected || state.hover ? look.ink : look.paper;
  ctx.strokeRect(x - 10, y - height / 2, width, height);
}

function words(ctx, mark, look, x, y) {
  ctx.textBaseline = 'middle';
  const bold = mark.above ? '600 12px ' : '12px ', name = mark.name, beside = mark.beside;
  ctx.font = bold + look.font;
  const wide = ctx.measureText(name).width;
  ctx.font = '11px ' + look.font;
  const extra = beside ? ctx.measureText(beside).width + 6 : 0;
  let left = mark.rest ? x + 42 : x + mark.radius + 6, line = y;
  if (mark.above) { left = x - (wide + extra) / 2; line = y - mark.radius - 9; }
  ctx.globalAlpha = 0.82;
  ctx.fillStyle = look.paper;
  ctx.fillRect(left - 2, line - 7, wide + extra + 4, 14);
  ctx.globalAlpha = 1;
  ctx.textAlign = 'left';
  ctx.fillStyle = look.ink;
  ctx.font = bold + look.font;
  ctx.fillText(name, left, line);
  ctx.fillStyle = look.faint;
  ctx.font = '11px ' + look.font;
  if (beside) ctx.fillText(beside, left + wide + 6, line);
}

function renderer(look) {
  return ({ctx, id, x, y, state, style}) => {
    const mark = look.marks.get(id);
    return {
      drawNode() { (mark.rest ? bar : disc)(ctx, mark, look, x, y, state); },
      drawExternalLabel() { words(ctx, mark, look, x, y); },
      nodeDimensions: {width: 2 * mark.radius, height: 2 * mark.radius},
    };
  };
}

function fitting(box, data) {
  return Math.max(Math.min(1, box.clientWidth / (data.box.right - data.box.left + 24)), 0.7);
}

function shown(net, box, data) {
  const room = box.clientWidth, wide = data.box.right - data.box.left + 24, tall = data.box.bottom - data.box.top;
  const scale = fitting(box, data);
  const whole = tall * scale <= box.clientHeight + 24;
  net.moveTo({
    scale,
    position: {
      x: wide * scale <= room ? (data.box.left + data.box.right) / 2
        : data.box.mirrored ? data.box.right + 12 - room / scale / 2 : data.box.left - 12 + room / scale / 2,
      y: whole ? (data.box.top + data.box.bottom) / 2 : data.box.rootY,
    },
  });
}

function steered(net, nodes, data, say, pick) {
  return event => {
    const here = net.getSelectedNodes()[0] ?? data.root;
    const up = net.getConnectedNodes(here, 'from'), down = net.getConnectedNodes(here, 'to');
    const beside = up.length ? net.getConnectedNodes(up[0], 'to') : [here], at = beside.indexOf(here);
    const to = {ArrowRight: down[0], ArrowLeft: up[0], ArrowDown: beside[at + 1], ArrowUp: beside[at - 1]}[event.key];
    if (to) {
      event.preventDefault();
      net.selectNodes([to]);
      const {x, y} = net.getPosition(to), {x: cx, y: cy} = net.getViewPosition();
      const place = net.canvasToDOM({x, y}), frame = net.body.container;
      if (place.x < 0 || place.y < 0 || place.x > frame.clientWidth || place.y > frame.clientHeight)
        net.moveTo({position: {x: place.x < 0 || place.x > frame.clientWidth ? x : cx,
                               y: place.y < 0 || place.y > frame.clientHeight ? y : cy}});
      say(nodes.get(to).aria);
    }
    if (event.key === 'Enter') { event.preventDefault(); pick(here); }
  };
}

function saved(data) {
  const picture = new Image(), url = URL.createObjectURL(new Blob([data.svg], {type: 'image/svg+xml'}));
  picture.onload = () => {
    const canvas = document.createElement('canvas'), sharp = 2;
    canvas.width = picture.width * sharp;
    canvas.height = picture.height * sharp;
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    canvas.toBlob(blob => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = data.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  };
  picture.src = url;
}

function draw({data, parentElement: root, setTriggerValue}) {
  let s = root.lineage;
  if (s && s.rev === data.rev) { s.send = setTriggerValue; s.data = data; s.pick(data.focus); return; }
  if (s) s.net.destroy();
  const box = root.querySelector('#graph'), live = root.querySelector('#live');
  box.style.height = Math.max(260, Math.round(data.height * fitting(box, data))) + 'px';  // before the network
  box.setAttribute('aria-label', data.label);
  const css = getComputedStyle(box), look = {
    ...data.look, font: css.fontFamily,
    marks: new Map(data.nodes.map(node => [node.id, node])),
  };
  const drawn = data.nodes.map(n => ({id: n.id, x: n.x, y: n.y, title: n.title, aria: n.aria,
    shape: 'custom', ctxRenderer: renderer(look)}));
  const nodes = new vis.DataSet(drawn), edges = new vis.DataSet(data.edges);
  const net = new vis.Network(box, {nodes, edges}, data.options);
  const pick = id => s.send('picked', {id, at: Date.now()});
  s = root.lineage = {net, rev: data.rev, data, send: setTriggerValue,
    pick: id => { if (id && nodes.get(id)) net.selectNodes([id]); else net.unselectAll(); }};
  net.on('click', event => { if (event.nodes.length) pick(event.nodes[0]); });
  net.on('hoverNode', () => { box.style.cursor = 'pointer'; });
  net.on('blurNode', () => { box.style.cursor = 'grab'; });
  box.onkeydown = steered(net, nodes, data, text => { live.textContent = text; }, pick);
  box.addEventListener('wheel', event => { if (!event.ctrlKey) event.stopPropagation(); }, {capture: true});
  const zoom = by => net.moveTo({scale: Math.min(Math.max(net.getScale() * by, 0.1), 4)});
  root.querySelector('#in').onclick = () => zoom(1.25);
  root.querySelector('#out').onclick = () => zoom(0.8);
  root.querySelector('#fit').onclick = () => net.fit({animation: false});
  root.querySelector('#png').onclick = () => saved(s.data);
  shown(net, box, data);
  s.pick(data.focus);
  box.dataset.drawn = String(data.nodes.length);
  box.places = () => Object.fromEntries(drawn.map(n => [n.id, net.canvasToDOM(net.getPosition(n.id))]));
  return () => { net.destroy(); root.lineage = null; };
}

export default function (component) {
  if (window.vis) return draw(component);
  let undo, gone = false;
  import(new URL(component.data.library, location.origin)).then(() => { if (!gone) undo = draw(component); });
  return () => { gone = true; if (undo) undo(); };
}
