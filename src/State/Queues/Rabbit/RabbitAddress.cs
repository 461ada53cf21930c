using System.Globalization;

namespace Mainstay.State.Queues.Rabbit;

/// <summary>Where RabbitMQ is: <c>amqp://USER@HOST[:PORT][,HOST[:PORT]…][/VHOST]</c>, or <c>amqps://</c> with TLS. The password is given apart.</summary>
public sealed record RabbitAddress(string User, IReadOnlyList<(string Host, int Port)> Nodes, string VirtualHost, bool IsTls)
{
    const int MostNodes = 9;

    /// <summary>The address of a text; null with the reason where it is none.</summary>
    public static RabbitAddress? Parse(string text, out string why)
    {
        why = "write amqp://USER@HOST:PORT/VHOST, several hosts with ',' between them, or amqps:// for TLS";
        var isTls = text.StartsWith("amqps://", StringComparison.Ordinal);
        if (text.Length > 1_000 || (!isTls && !text.StartsWith("amqp://", StringComparison.Ordinal)))
            return null;
        var rest = text[(isTls ? 8 : 7)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (authority, path) = slash < 0 ? (rest, "") : (rest[..slash], rest[(slash + 1)..]);
        var at = authority.LastIndexOf('@');
        var (user, hosts) = at < 0 ? ("guest", authority) : (Uri.UnescapeDataString(authority[..at]), authority[(at + 1)..]);
        if (user.Contains(':', StringComparison.Ordinal))
        {
            why = "the address has a password in it, which others may see: give it apart, in MAINSTAY_QUEUES_PASSWORD";
            return null;
        }

        var nodes = new List<(string, int)>();
        foreach (var node in hosts.Split(','))
        {
            var colon = node.LastIndexOf(':');
            var (host, port) = colon < 0 ? (node, isTls ? 5671 : 5672) : (node[..colon], int.TryParse(node[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0);
            if (Uri.CheckHostName(host) == UriHostNameType.Unknown || port is < 1 or > 65_535)
                return null;
            nodes.Add((host, port));
        }

        return user.Length == 0 || nodes.Count > MostNodes || path.Contains('/', StringComparison.Ordinal) ? null : new(user, nodes, path.Length == 0 ? "/" : Uri.UnescapeDataString(path), isTls);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(IsTls ? "amqps" : "amqp")}://{string.Join(',', Nodes.Select(n => string.Create(CultureInfo.InvariantCulture, $"{n.Host}:{n.Port}")))}";
}
