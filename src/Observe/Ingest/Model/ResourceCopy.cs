namespace Mainstay.Observe.Ingest.Model;

/// <summary>A copy of a resource that outlives its body; reused from one to the next, so that copying allocates only where one is larger than all before.</summary>
public sealed class ResourceCopy
{
    readonly Bag<AttributeSlot> slots = new(DecodeScratch.MostAttributes);
    readonly Bag<byte> text = new(DecodeScratch.MostText);
    SlotRange instance;

    public ResourceView View => new(new AttributeList(new Texts(text.Items, default), slots.Items));

    /// <summary><c>service.instance.id</c>, or else the host's name or its address.</summary>
    public ReadOnlySpan<byte> Instance => text.Items.Slice(instance.Start, instance.Count);

    public void Take(in ResourceView from)
    {
        slots.Cut(0);
        text.Cut(0);
        var attributes = from.Attributes;
        for (var i = 0; i < attributes.Count; i++)
        {
            var one = attributes[i];
            slots.Add(new() { Key = Put(one.Key), Text = Put(one.Text), Kind = one.Kind, Bits = one.Bits });
        }

        var own = from.Instance;
        own = own.IsEmpty ? attributes.TextOf("host.name"u8) : own;
        var where = Put(own.IsEmpty ? attributes.TextOf("host.ip"u8) : own);
        instance = new(where.Start, where.Length);
    }

    TextRef Put(ReadOnlySpan<byte> bytes)
    {
        var room = text.Room(bytes.Length);
        if (room.Length < bytes.Length)
        {
            return default;
        }

        var start = text.Count;
        bytes.CopyTo(room);
        text.Took(bytes.Length);
        return new(start, bytes.Length);
    }
}
