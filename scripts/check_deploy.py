"""What no schema of deploy/ can say: that its files agree with each other and with the project.

check_deploy.py FOLDER            says what is wrong, one line each; exit code 1 if anything is
check_deploy.py --queries FOLDER  prints the queries of the dashboards as rules for promtool
"""

import json
import re
import sys
from pathlib import Path

# Without DRAIN and SHUTDOWN_TIMEOUT: what background jobs get to finish in.
JOBS_STOP_WITHIN = 10
PROBES = {"/health/live", "/health/ready"}
# Prometheus puts the step of a graph there.
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h"}


def seconds(text):
    """The duration that compose, Kubernetes and the backend all write alike: 40s, 2m."""
    number, unit = re.fullmatch(r"(\d+)(s|m|h)", text).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def panels(folder):
    for file in sorted((folder / "deploy/grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            yield file.name, panel


def queries(folder):
    for _, panel in panels(folder):
        for target in panel.get("targets", []):
            text = target["expr"]
            for name, value in VARIABLES.items():
                text = text.replace(name, value)
            yield text


def check_container(folder):
    text = (folder / "deploy/Containerfile").read_text()
    channel = re.search(r'channel = "(.+)"', (folder / "rust-toolchain.toml").read_text()).group(1)
    if f"ARG RUST={channel}\n" not in text:
        yield f"Containerfile: the compiler is not {channel} of rust-toolchain.toml"
    if not re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.M):
        yield "Containerfile: USER is not a number above 0"
    for wanted in ("HEALTHCHECK", "ENTRYPOINT [", "STOPSIGNAL SIGTERM"):
        if wanted not in text:
            yield f"Containerfile: no {wanted}"


def check_compose(folder, yaml, version):
    home = folder / "deploy/compose"
    compose = yaml.safe_load((home / "compose.yaml").read_text())
    pooler = yaml.safe_load((home / "pooler.yaml").read_text())["services"]
    services = compose["services"] | {"pgbouncer": pooler["pgbouncer"]}
    for name, service in services.items():
        where = f"compose {name}"
        if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
            yield f"{where}: not read-only without capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{where}: may gain privileges"
        if not re.search(r":v?\d+\.\d+", service["image"]):
            yield f"{where}: {service['image']} has no version"
        if service["image"].startswith("show-your-work:") and not service["image"].endswith(f":{version}"):
            yield f"{where}: the image is not of version {version}"
        if "healthcheck" not in service:
            yield f"{where}: no health check"
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{where}: {port} is open to the network"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not (home / source).exists():
                yield f"{where}: {source} is not there"
        settings = service.get("environment", {})
        if "DRAIN" in settings:
            needed = seconds(settings["DRAIN"]) + seconds(settings["SHUTDOWN_TIMEOUT"]) + JOBS_STOP_WITHIN
            if seconds(service["stop_grace_period"]) <= needed:
                yield f"{where}: stop_grace_period is not above {needed}s"
    servers = {f"{name}:8080" for name in compose["services"] if name.startswith("backend-")}
    prometheus = yaml.safe_load((folder / "deploy/prometheus/prometheus.yml").read_text())
    scraped = {job["job_name"]: job["static_configs"][0]["targets"] for job in prometheus["scrape_configs"]}
    if set(scraped["backend"]) != servers:
        yield f"prometheus.yml: scrapes {scraped['backend']}, and compose runs {sorted(servers)}"


def check_pod(where, pod, settings):
    for wanted in ("runAsNonRoot", "seccompProfile"):
        if wanted not in pod["securityContext"]:
            yield f"{where}: no {wanted}"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{where}: carries a token of the cluster"
    for container in pod["containers"]:
        context = container.get("securityContext", {})
        if not context.get("readOnlyRootFilesystem") or context.get("allowPrivilegeEscalation") is not False:
            yield f"{where}: may write to its image or gain privileges"
        if context.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{where}: has capabilities"
        if "memory" not in container["resources"]["limits"] or "cpu" not in container["resources"]["requests"]:
            yield f"{where}: no limit on memory or no request for CPU"
        probes = {key: value for key, value in container.items() if key.endswith("Probe")}
        for probe in probes.values():
            if probe["httpGet"]["path"] not in PROBES:
                yield f"{where}: probes {probe['httpGet']['path']}, which does not exist"
        drain, shutdown = seconds(settings["DRAIN"]), seconds(settings["SHUTDOWN_TIMEOUT"])
        served = JOBS_STOP_WITHIN
        if "readinessProbe" in probes:
            served += drain + shutdown
            ready = probes["readinessProbe"]
            told = ready["failureThreshold"] * ready["periodSeconds"] + ready["timeoutSeconds"]
            if drain <= told:
                yield f"{where}: DRAIN is over before readiness has failed, {told}s later"
        if pod["terminationGracePeriodSeconds"] <= served:
            yield f"{where}: killed after {pod['terminationGracePeriodSeconds']}s, and stopping may take {served}s"


def check_kubernetes(folder, yaml, version):
    home = folder / "deploy/kubernetes"

    def read(name):
        return [document for document in yaml.safe_load_all((home / name).read_text()) if document]

    kustomization = read("kustomization.yaml")[0]
    listed = set(kustomization["resources"])
    there = {file.name for file in home.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    if listed != there:
        yield f"kustomization.yaml: lists {sorted(listed)}, and there are {sorted(there)}"
    if kustomization["images"] != [{"name": "show-your-work", "newTag": version}]:
        yield f"kustomization.yaml: the image is not of version {version}"
    objects = [document for name in sorted(there) for document in read(name)]
    named = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    settings = named["ConfigMap", "backend"]["data"]
    pods = [one["spec"]["template"] for one in objects if one["kind"] == "Deployment"]
    for kind, name in named:
        if kind == "Deployment":
            yield from check_pod(f"deployment {name}", named[kind, name]["spec"]["template"]["spec"], settings)
    adapter = yaml.safe_load((folder / "deploy/prometheus/adapter.yaml").read_text())
    made = {rule["name"]["as"] for rule in adapter["rules"]["external"]}
    for one in objects:
        where, spec = f"{one['kind']} {one['metadata']['name']}", one.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector")
        if selector:
            labels = selector.get("matchLabels", selector)
            if not any(labels.items() <= pod["metadata"]["labels"].items() for pod in pods):
                yield f"{where}: selects no pod of ours"
        target = spec.get("scaleTargetRef")
        if target and (target["kind"], target["name"]) not in named:
            yield f"{where}: scales {target['name']}, which is not there"
        for metric in spec.get("metrics", []):
            if metric["type"] == "External" and metric["external"]["metric"]["name"] not in made:
                yield f"{where}: nobody makes its metric"
    for name, value in read("secret.example.yaml")[0]["stringData"].items():
        if "REPLACE" not in value:
            yield f"secret.example.yaml: {name} looks like a secret"


def check_dashboards(folder):
    taken, ids = {}, set()
    for file, panel in panels(folder):
        where = f"{file} panel {panel['id']} ({panel['title']})"
        if panel["id"] in ids:
            yield f"{where}: its number is taken"
        ids.add(panel["id"])
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{where}: outside of the page"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if taken.setdefault((file, x, y), panel["id"]) != panel["id"]:
                    yield f"{where}: lies over another"
                    break
            else:
                continue
            break


def main():
    if sys.argv[1] == "--queries":
        rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(queries(Path(sys.argv[2])))]
        # JSON is YAML too.
        print(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
        return 0
    import yaml

    folder = Path(sys.argv[1])
    version = re.search(r'\[workspace.package\]\nversion = "(.+)"', (folder / "Cargo.toml").read_text()).group(1)
    wrong = [
        *check_container(folder),
        *check_compose(folder, yaml, version),
        *check_kubernetes(folder, yaml, version),
        *check_dashboards(folder),
    ]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
