using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>Turns an instance's template into what the engine is asked for (Docker Engine API, ContainerCreate).</summary>
static class ContainerWish
{
    /// <param name="start">What is to be started.</param>
    /// <param name="agent">The agent's id.</param>
    /// <param name="address">Where a port of a bridge network is published.</param>
    /// <param name="port">The instance's port on this host.</param>
    /// <param name="bridge">Where it calls others from a bridge network; null where it does not.</param>
    public static JsonObject Of(ContainerStart start, string agent, string address, int port, ContainerBridge? bridge)
    {
        var (cpu, memory) = start.Template.Reserved;
        var spec = (start.Template.Container ?? new()) with { Cpu = cpu, Memory = memory };
        var wish = new JsonObject
        {
            ["Image"] = start.Template.Image,
            ["Env"] = new JsonArray([.. Environment(start, port, bridge).OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => JsonValue.Create($"{e.Key}={e.Value}"))]),
            ["Labels"] = new JsonObject
            {
                [ContainerRuntime.AgentLabel] = agent,
                [ContainerRuntime.InstanceLabel] = start.Instance,
                [ContainerRuntime.EpochLabel] = Text(start.Epoch),
                [ContainerRuntime.PortLabel] = Text(port),
            },
            ["HostConfig"] = Host(spec, address, port),
        };
        Add(wish, "Cmd", spec.Args);
        Add(wish, "Entrypoint", spec.Entrypoint);
        if (spec.User is { } user)
        {
            wish["User"] = user;
        }

        if (spec.Folder is { } folder)
        {
            wish["WorkingDir"] = folder;
        }

        if (spec.Network == ContainerNetwork.Bridge)
        {
            wish["ExposedPorts"] = new JsonObject { [$"{Text(spec.Port)}/tcp"] = new JsonObject() };
        }

        return wish;
    }

    static Dictionary<string, string> Environment(ContainerStart start, int port, ContainerBridge? bridge)
    {
        var variables = start.Environment(port);
        if (bridge is not null)
        {
            InstanceEnvironment.CallByBridge(variables, start.Template, bridge);
        }

        return variables;
    }

    static JsonObject Host(ContainerSpec spec, string address, int port)
    {
        var host = new JsonObject
        {
            // Process 1 ignores signals that it does not handle: a small init passes them on and reaps.
            ["Init"] = true,
            ["NetworkMode"] = spec.Network == ContainerNetwork.Host ? "host" : "bridge",
            ["PidsLimit"] = spec.Pids,
            ["ReadonlyRootfs"] = spec.ReadOnly,
            ["Binds"] = new JsonArray([.. spec.Mounts.Select(m => JsonValue.Create(m))]),
        };
        if (spec.Network == ContainerNetwork.Bridge)
        {
            host["PortBindings"] = new JsonObject { [$"{Text(spec.Port)}/tcp"] = new JsonArray(new JsonObject { ["HostIp"] = address, ["HostPort"] = Text(port) }) };
        }

        if (spec.Memory is { } memory)
        {
            // Swap would only put the end off.
            host["Memory"] = memory.Bytes;
            host["MemorySwap"] = memory.Bytes;
        }

        if (spec.Cpu is { } cpu)
        {
            host["NanoCpus"] = cpu.Nano;
        }

        return host;
    }

    static void Add(JsonObject wish, string key, IReadOnlyList<string>? words)
    {
        if (words is not null)
        {
            wish[key] = new JsonArray([.. words.Select(w => JsonValue.Create(w))]);
        }
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
