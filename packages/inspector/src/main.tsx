/** The page's beginning. */
import { render } from "preact";
import { App } from "./app.tsx";
import { follow } from "./store.ts";
import "./style/base.css";
import "./style/list.css";
import "./style/graph.css";
import "./style/what-if.css";
import "./style/memory.css";
import "./style/narrow.css";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
follow();
