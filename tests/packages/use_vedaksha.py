"""vedaksha: an astronomical engine in Rust; every float is compared to its last digit."""

from vedaksha import Vedaksha

vk = Vedaksha()
print([tool["name"] for tool in vk.list_tools()])
for day in range(2451545, 2451575, 3):
    print(vk.natal_chart(julian_day=day + 0.25, latitude=28.6139, longitude=77.2090, ayanamsha="IndianOfficial", house_system="WholeSign"))
for name, arguments in (
    ("compute_vargas", {"julian_day": 2451545.0, "latitude": 28.6, "longitude": 77.2, "divisions": ["D9"]}),
    ("compute_panchanga", {"jd": 2451545.0, "sun": 280.0, "moon": 120.4, "latitude": 28.6139, "longitude": 77.2090}),
    ("no_such_tool", {}),
):
    try:
        print(vk.call_tool(name, **arguments))
    except Exception as error:
        print(type(error).__name__, error)
