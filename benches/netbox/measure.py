"""Fills NetBox with a made-up data centre and asks it what people ask; run inside its shell by run.sh."""

exec(compile(r'''
import csv, os, random, statistics, time
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from dcim.models import Device, DeviceRole, DeviceType, Manufacturer, Rack, Site
from virtualization.models import Cluster, ClusterType, VirtualMachine

PER_CALL, TIMES = 1000, 40
rows = list(csv.DictReader(open(os.environ["CIS"], newline="")))
relations = list(csv.DictReader(open(os.environ["RELATIONS"], newline="")))
site = Site.objects.create(name="Everything", slug="everything")
maker = {m: Manufacturer.objects.create(name=m, slug=f"m{n}") for n, m in enumerate(sorted({r["manufacturer"] or "None" for r in rows}))}
kinds = sorted({(r["manufacturer"] or "None", r["model"] or "None") for r in rows})
model = {k: DeviceType.objects.create(manufacturer=maker[k[0]], model=k[1], slug=f"t{n}") for n, k in enumerate(kinds)}
role = {c: DeviceRole.objects.create(name=c, slug=f"r{n}") for n, c in enumerate(sorted({r["class"] for r in rows}))}
cluster = Cluster.objects.create(name="Everything", type=ClusterType.objects.create(name="All", slug="all"))

# What stands in racks is a device, what runs is a virtual machine on one, as NetBox would have it.
began = time.time()
hardware = [r for r in rows if r["class"] in ("server", "switch")]
software = [r for r in rows if r["class"] not in ("server", "switch", "rack", "room", "building", "site")]
Rack.objects.bulk_create([Rack(name=r["name"], site=site) for r in rows if r["class"] == "rack"], batch_size=5000)
Device.objects.bulk_create(
    [Device(name=r["name"], site=site, role=role[r["class"]], device_type=model[r["manufacturer"] or "None", r["model"] or "None"],
            serial=r["serial_number"], asset_tag=r["asset_tag"] or None) for r in hardware], batch_size=5000)
device = dict(Device.objects.values_list("name", "pk"))
host = {r["source"]: r["target"] for r in relations if r["relation"] in ("hosted on", "runs on")}
def bottom(name):
    for _ in range(4):
        if name in device:
            return device[name]
        name = host.get(name)
    return None
VirtualMachine.objects.bulk_create(
    [VirtualMachine(name=r["name"], cluster=cluster, site=site, role=role[r["class"]], device_id=bottom(r["name"])) for r in software],
    batch_size=5000)
filled = time.time() - began
began = time.time()
call_command("reindex", verbosity=0, stdout=open(os.devnull, "w"))
indexed = time.time() - began
with connection.cursor() as cursor:
    cursor.execute("VACUUM ANALYZE")
    cursor.execute("SELECT pg_database_size(current_database())")
    size = cursor.fetchone()[0]

user = get_user_model().objects.create_superuser("bench", "bench@example.org", "bench")
client = Client()
client.force_login(user)
dice = random.Random(1)
total = VirtualMachine.objects.count()

def get(path):
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.content[:300])
    return answer

def p99(ask):
    ask(0)
    took = []
    for n in range(TIMES):
        began = time.perf_counter()
        ask(n)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[int((TIMES - 1) * 0.99)], statistics.median(took)

ids = list(Device.objects.values_list("pk", flat=True))
machines = list(VirtualMachine.objects.values_list("pk", flat=True))
api = "/api/virtualization/virtual-machines/"
typed = ["srv-gd", "payro", "vm-pay", "postgre", "nexus", "rack-00", "payroll-web", "serv"]
asked = {
    "search as it is typed": lambda n: get(f"/search/?q={typed[n % len(typed)]}&lookup=istartswith"),
    "a page of 60 anywhere, by name": lambda n: get(f"{api}?limit=60&ordering=name&offset={dice.randrange(total - 60)}"),
    "the last page of 60, by name": lambda n: get(f"{api}?limit=60&ordering=name&offset={total - 60}"),
    "a page of 60, by role": lambda n: get(f"{api}?limit=60&ordering=role&offset={dice.randrange(total - 60)}"),
    "one object's page": lambda n: get(f"/virtualization/virtual-machines/{dice.choice(machines)}/"),
    "one object by the API": lambda n: get(f"{api}{dice.choice(machines)}/"),
    "what runs on a server": lambda n: get(f"{api}?limit=0&device_id={dice.choice(ids)}"),
}
found = {name: p99(ask) for name, ask in asked.items()}

# The API's bulk call, which validates as a form does; a thousand at a time, so many as show the rate.
many = min(5000, len(software))
began = time.time()
for first in range(0, many, PER_CALL):
    part = [{"name": f"new-{n}", "cluster": cluster.pk, "status": "active"} for n in range(first, min(many, first + PER_CALL))]
    answer = client.post(api, data=part, content_type="application/json")
    assert answer.status_code == 201, answer.content[:300]
rate = many / (time.time() - began)

ours = {}
for line in open(os.environ["OURS"]):
    words = line[52:].split()
    if len(words) >= 2 and not line.startswith(" "):
        ours[line[:52].strip()] = f"{words[0]} {words[1]}"
def slipway(*parts):
    return next((v for k, v in ours.items() if all(part in k for part in parts)), "-")
print(f"{len(rows)} CIs: {len(hardware)} devices, {len(software)} virtual machines in NetBox; both on this machine, in this run")
print(f"{'figure':<40} {'NetBox p50':>12} {'NetBox p99':>12} {'Slipway p99':>14}")
beside = {
    "search as it is typed": slipway("search as it is typed"),
    "a page of 60 anywhere, by name": slipway("by name"),
    "the last page of 60, by name": slipway("by name"),
    "a page of 60, by role": slipway("by class"),
    "one object's page": slipway("CI page"),
    "one object by the API": slipway("CI page"),
    "what runs on a server": slipway("CI page"),
}
for name, (worst, middle) in found.items():
    print(f"{name:<40} {middle:>9.1f} ms {worst:>9.1f} ms {beside[name]:>14}")
print(f"{'database, bytes an object':<40} {'':>12} {size / len(rows):>10.0f} B {slipway('bytes a CI'):>14}")
print(f"{'import through its rules, rows a second':<40} {'':>12} {rate:>12.0f} {slipway('import of CIs'):>14}")
print(f"filled past its rules in {filled:.0f} s, search index in {indexed:.0f} s")
''', "measure", "exec"))
