using System.Text;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Join;

/// <summary>What stands at the other end of a client's span.</summary>
public enum PeerKind : byte
{
    /// <summary>A service by its name, which may send spans itself.</summary>
    Service,

    /// <summary>Something known by its address alone.</summary>
    External,

    Database,
    Queue,
}

/// <summary>Reads from a span's attributes, by their present or their old names, who the other side is. Writes its name into a buffer of the caller's.</summary>
internal static class Peer
{
    public const int MostBytes = 192;

    /// <summary>The other side; false where the span does not say. Names of databases and queues begin with their system: <c>postgresql/orders</c>.</summary>
    public static bool Of(in SpanView span, Span<byte> into, out PeerKind kind, out int length)
    {
        var attributes = span.Attributes;
        var name = new Name(into);
        var system = First(attributes, "db.system.name"u8, "db.system"u8);
        if (!system.IsEmpty)
        {
            kind = PeerKind.Database;
            name.Add(system);
            var space = First(attributes, "db.namespace"u8, "db.name"u8);
            name.Add("/"u8);
            name.Add(space.IsEmpty ? First(attributes, "server.address"u8, "net.peer.name"u8) : space);
            length = name.Length;
            return true;
        }

        system = First(attributes, "messaging.system"u8, "messaging.system"u8);
        if (!system.IsEmpty && span.Kind is SpanKind.Producer or SpanKind.Consumer or SpanKind.Client)
        {
            kind = PeerKind.Queue;
            name.Add(system);
            name.Add("/"u8);
            // A template stands for the many names made from it.
            var destination = First(attributes, "messaging.destination.template"u8, "messaging.destination.name"u8);
            name.Add(destination.IsEmpty ? attributes.TextOf("messaging.destination"u8) : destination);
            length = name.Length;
            return true;
        }

        var service = First(attributes, "service.peer.name"u8, "peer.service"u8);
        kind = service.IsEmpty ? PeerKind.External : PeerKind.Service;
        if (!service.IsEmpty)
        {
            name.Add(service);
        }
        else
        {
            Address(attributes, ref name);
        }

        length = name.Length;
        return length > 0;
    }

    static void Address(AttributeList attributes, ref Name name)
    {
        var address = First(attributes, "server.address"u8, "net.peer.name"u8);
        address = address.IsEmpty ? First(attributes, "network.peer.address"u8, "net.peer.ip"u8) : address;
        name.Add(address);
        if (!address.IsEmpty
            && (attributes.TryFind("server.port"u8, out var port) || attributes.TryFind("net.peer.port"u8, out port) || attributes.TryFind("network.peer.port"u8, out port)))
        {
            name.Add(":"u8);
            if (port.Kind == AttributeKind.Text)
            {
                name.Add(port.Text);
            }
            else
            {
                Span<byte> digits = stackalloc byte[24];
                System.Buffers.Text.Utf8Formatter.TryFormat(port.Integer, digits, out var length);
                name.Add(digits[..length]);
            }
        }
    }

    static ReadOnlySpan<byte> First(AttributeList attributes, ReadOnlySpan<byte> name, ReadOnlySpan<byte> old)
    {
        var found = attributes.TextOf(name);
        return found.IsEmpty ? attributes.TextOf(old) : found;
    }

    ref struct Name(Span<byte> into)
    {
        readonly Span<byte> into = into;

        public int Length { get; private set; }

        public void Add(scoped ReadOnlySpan<byte> text)
        {
            text = text[..Math.Min(text.Length, into.Length - Length)];
            text.CopyTo(into[Length..]);
            Length += text.Length;
        }
    }
}
