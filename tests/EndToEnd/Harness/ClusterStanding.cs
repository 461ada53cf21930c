using System.Text.Json.Nodes;

namespace Mainstay.EndToEnd.Harness;

/// <summary>How a server says that its cluster is.</summary>
sealed record ClusterStanding(JsonNode View)
{
    public int Count => Servers.Count;

    public int Voters => Servers.Count(s => (string?)s!["role"] != "learner");

    public int Well => Servers.Count(s => (string?)s!["state"] == "well");

    public bool Writable => (bool)View["writable"]!;

    public bool Since => View["since"] is not null;

    public string? Leads => (string?)Servers.FirstOrDefault(s => (bool)s!["leads"]!)?["name"];

    JsonArray Servers => View["servers"]!.AsArray();

    public string? this[string name] => (string?)Server(name)?["role"];

    public string? IdOf(string name) => (string?)Server(name)?["member"];

    JsonNode? Server(string name) => Servers.FirstOrDefault(s => (string?)s!["name"] == name);
}
