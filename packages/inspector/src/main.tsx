/** The page's beginning. */
import { render } from "preact";
import { App } from "./app.tsx";
import { follow } from "./store.ts";
import "./style.css";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
follow();
