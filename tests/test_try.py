import time, json
import pytest
from pathlib import Path
from tests.site import *
async def test_x(sqlite_site):
    site = sqlite_site
    for f in sorted((RECORDED/"tfplan-sequence").glob("*.json")):
        d=json.loads(f.read_bytes())
        print(f.name, d.get("timestamp"), d.get("complete"), tuple((await site.post_plan(f"tfplan-sequence/{f.name}", "prod/seqa")).values()))
    for kind in ("plan","refresh"):
        for f in sorted((RECORDED/"story").glob(f"*/{kind}.json")):
            d=json.loads(f.read_bytes())
            n=str(f.relative_to(RECORDED))
            r = await site.post_body(f.read_bytes(), "prod/"+kind)
            a = (await r.get_json())["data"]
            print(n, d.get("timestamp"), [x["address"] for x in d.get("resource_drift",[])], a["report"]["mode"], a["report"]["complete"],a["report"]["incompleteReason"], a["report"]["late"], tuple(a["drifts"].values()))
    for f in sorted((RECORDED/"tfplan").glob("*.json")):
        d=json.loads(f.read_bytes())
        t=time.time()
        r = await site.post_body(f.read_bytes(), "x/"+f.name)
        a = (await r.get_json())["data"]
        print(f.name, d.get("timestamp"), len(d.get("resource_drift",[])), a["report"]["mode"], a["report"]["complete"],a["report"]["incompleteReason"], a["report"]["late"], tuple(a["drifts"].values()), round(time.time()-t,2))
    for folder in ("wrong", "tfplan-encoding"):
        for f in sorted((RECORDED/folder).iterdir()):
            t=time.time()
            r = await site.post_body(f.read_bytes(), "y/"+f.name)
            print(f.name, r.status_code, json.dumps(await r.get_json())[:500], round(time.time()-t,2))
