using System.Net;

namespace Mainstay.Schedule.Decide;

/// <summary>Why nobody answers at an instance's port, told from where its processes listen instead: a port of their own, another address, nowhere.</summary>
static class Misplaced
{
    // Of those that are named; a program has one or two, and a third for its debugger.
    const int Named = 3;

    /// <summary>A clause to be put behind why the check failed; empty where there is nothing to say: they listen where they are asked by now.</summary>
    /// <param name="asked">Where it is asked; within a network of its own, at any address.</param>
    /// <param name="listens">Where its processes listen.</param>
    public static string Say(IPEndPoint asked, IReadOnlyCollection<IPEndPoint> listens)
    {
        var isInside = asked.Address.Equals(IPAddress.Any);
        var here = listens.Where(at => at.Port == asked.Port).ToArray();
        if (here.Any(at => Answers(at.Address, asked.Address)))
        {
            return "";
        }

        if (here.Length > 0)
        {
            return isInside ? $"; it listens on {here[0]} alone, which nobody outside its container reaches: let it listen on 0.0.0.0"
                : $"; it listens on {here[0]} alone: let it listen on {asked.Address}";
        }

        var ports = listens.Select(at => at.Port).Distinct().Order().ToArray();
        return ports.Length == 0 ? "; it listens on no port"
            : $"; it listens on port {string.Join(" and ", ports.Take(Named))}: let it take its port from $PORT"
                + (isInside ? $", or declare container.port{(ports.Length == 1 ? $": {ports[0]}" : "")}" : "");
    }

    static bool Answers(IPAddress at, IPAddress asked)
    {
        at = at.IsIPv4MappedToIPv6 ? at.MapToIPv4() : at;
        return at.Equals(IPAddress.Any) || at.Equals(IPAddress.IPv6Any) || at.Equals(asked) || (asked.Equals(IPAddress.Any) && !IPAddress.IsLoopback(at));
    }
}
