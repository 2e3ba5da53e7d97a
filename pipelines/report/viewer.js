// One sample and one of its volumes at a time, drawn by NiiVue; without scripts or WebGL2 the planes below stay.
(async () => {
  const byId = (id) => document.getElementById(id);
  const root = byId("viewer"), told = byId("viewer-told"), canvas = byId("viewer-canvas"), at = byId("viewer-at");
  const samples = JSON.parse(byId("viewer-samples").textContent);
  const controls = { sample: byId("pick-sample"), image: byId("pick-image"), view: byId("pick-view"),
    window: byId("pick-window"), opacity: byId("pick-opacity"), cut: byId("pick-cut") };
  const windows = { HU: { "soft tissue": [-360, 440], lung: [-1350, 150], bone: [-450, 1050], brain: [0, 80] } };

  const giveUp = (why) => {
    told.textContent = `No 3D viewer here: ${why}. The planes below show the same samples.`;
    root.hidden = true;
    root.dataset.state = "planes";
  };
  if (!document.createElement("canvas").getContext("webgl2")) return giveUp("this browser has no WebGL2");

  const viewer = new niivue.Niivue({
    logLevel: "error", loadingText: "", dragAndDropEnabled: false, isRadiologicalConvention: true, sagittalNoseLeft: true,
    isResizeCanvas: true, multiplanarShowRender: 1, multiplanarLayout: 2, isOrientCube: false, show3Dcrosshair: false, isClipAllVolumes: true,
    clipPlaneColor: [0, 0, 0, 0],
    backColor: [0, 0, 0, 1], crosshairColor: [0.95, 0.8, 0.2, 0.7], crosshairWidth: 0.3, crosshairWidthUnit: "percent", tileMargin: 4,
  });
  root.niivue = viewer; // for whoever tries things in the console
  let shown, table;

  const fill = (select, names) => select.replaceChildren(...names.map((name, i) => new Option(name, i)));
  const volume = (key, options) =>
    niivue.NVImage.loadFromBase64({ base64: byId(key).textContent.trim(), name: `${key}.nii.gz`, ...options });
  const colours = (entries) => ({
    R: [0, ...entries.map((e) => e[1])], G: [0, ...entries.map((e) => e[2])], B: [0, ...entries.map((e) => e[3])],
    A: [0, ...entries.map(() => 255)], I: [0, ...entries.map((_, i) => i + 1)], labels: ["", ...entries.map((e) => e[0])],
  });

  viewer.onLocationChange = ({ mm, values }) => {
    if (!shown || !values.length) return;
    const value = values[0].value, entry = values[1] && table[Math.round(values[1].value) - 1];
    const grey = shown.unit === "grey" ? "" : `${Number(value.toPrecision(4))} ${shown.unit}\n`;
    at.textContent = `${grey}${entry ? entry[0].replaceAll("_", " ") : ""}\n` +
      `R ${[0, 1, 2].map((i) => mm[i].toFixed(0)).join("  A ").replace(/A (\S+)$/, "S $1")} mm`;
  };

  const setWindow = () => {
    const [low, high] = (windows[shown.unit] || { "as measured": shown.window })[controls.window.selectedOptions[0].text];
    Object.assign(viewer.volumes[0], { cal_min: low, cal_max: high });
    viewer.updateGLVolume();
  };
  const setOpacity = () => viewer.volumes[1] && viewer.setOpacity(1, controls.opacity.value / 100);
  const setView = () => viewer.setSliceType([3, 0, 1, 2, 4][controls.view.value]);
  const setCut = () => viewer.setClipPlane([0.5 - controls.cut.value / 100, 180, 0]);

  const show = async () => {
    const sample = samples[controls.sample.value];
    shown = sample.images[controls.image.value];
    table = sample.table;
    byId("viewer-who").textContent = sample.who;
    const [low, high] = shown.window;
    const image = await volume(shown.image, { colormap: "gray", cal_min: low, cal_max: high });
    const labels = shown.labels && (await volume(shown.labels, { opacity: controls.opacity.value / 100 }));
    if (labels) labels.setColormapLabel(colours(table));
    while (viewer.volumes.length) viewer.removeVolume(viewer.volumes[0]);
    viewer.addVolume(image);
    if (labels) viewer.addVolume(labels);
    fill(controls.window, Object.keys(windows[shown.unit] || { "as measured": 0 }));
    viewer.setInterpolation(false);
    viewer.scene.crosshairPos = viewer.mm2frac(sample.centre);
    setView();
    setCut();
    viewer.updateGLVolume();
    viewer.createOnLocationChange();
  };
  const choose = () => {
    const names = samples[controls.sample.value].images.map((image) => image.name);
    const kept = Math.max(0, names.indexOf(controls.image.selectedOptions[0]?.text));
    fill(controls.image, names);
    controls.image.value = kept;
    return show();
  };

  fill(controls.sample, samples.map((sample) => sample.name));
  controls.sample.onchange = choose;
  controls.image.onchange = show;
  controls.view.onchange = setView;
  controls.window.onchange = setWindow;
  controls.opacity.oninput = setOpacity;
  controls.cut.oninput = setCut;
  root.hidden = false;
  try {
    await viewer.attachToCanvas(canvas);
    viewer.setRenderAzimuthElevation(160, 10);
    await choose();
    byId("planes").hidden = true;
    root.dataset.state = "drawn";
  } catch (reason) {
    giveUp(String(reason));
  }
})();
