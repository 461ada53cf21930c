using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>What traces, metrics and logs have in common in OTLP's JSON.</summary>
internal static partial class OtlpJson
{
    /// <summary>Reads the items of one scope.</summary>
    public interface IItems
    {
        /// <summary>The names of the three lists: in the request, the resource and the scope.</summary>
        ReadOnlySpan<byte> List(int level);

        void Begin(in ResourceView resource, in ScopeView scope);

        /// <summary>One item, whose <c>{</c> has been read.</summary>
        void Item(ref JsonSource json);

        int Taken { get; }

        int Refused { get; }

        DecodeFault FirstRefusal { get; }
    }

    public static DecodeResult Read<T>(ReadOnlySpan<byte> body, DecodeScratch scratch, ref T items)
        where T : struct, IItems
    {
        scratch.Clear();
        var json = new JsonSource(body, scratch);
        try
        {
            if (json.StartObject())
            {
                while (json.NextProperty())
                {
                    if (!json.Is(items.List(0)))
                    {
                        json.Skip();
                    }
                    else if (json.StartArray())
                    {
                        while (json.NextObject())
                        {
                            Resource(ref json, ref items);
                            scratch.Clear();
                        }
                    }
                }
            }

            // Nothing may follow.
            json.Reader.Read();
            return new(items.Taken, items.Refused, DecodeFault.None, 0, items.FirstRefusal);
        }
        catch (Exception error) when (JsonSource.FaultOf(error) is not DecodeFault.None)
        {
            return new(items.Taken, items.Refused, JsonSource.FaultOf(error), (int)json.Reader.BytesConsumed, items.FirstRefusal);
        }
    }

    static void Resource<T>(ref JsonSource json, ref T items)
        where T : struct, IItems
    {
        var known = false;
        var attributes = default(SlotRange);
        while (json.NextProperty())
        {
            if (json.Is("resource"u8))
            {
                Head(ref json, ref known, ref attributes);
            }
            else if (json.Is(items.List(1)))
            {
                LookAhead(ref json, ref known, ref attributes);
                Scopes(ref json, attributes, ref items);
            }
            else
            {
                json.Skip();
            }
        }
    }

    // The resource may come after what it is the resource of.
    static void LookAhead(ref JsonSource json, ref bool known, ref SlotRange attributes)
    {
        if (known)
        {
            return;
        }

        var here = json.Reader;
        json.Skip();
        while (!known && json.NextProperty())
        {
            if (json.Is("resource"u8))
            {
                Head(ref json, ref known, ref attributes);
            }
            else
            {
                json.Skip();
            }
        }

        known = true;
        json.Reader = here;
    }

    static void Head(ref JsonSource json, ref bool known, ref SlotRange attributes)
    {
        if (known)
        {
            json.Skip();
            return;
        }

        known = true;
        if (!json.StartObject())
        {
            return;
        }

        while (json.NextProperty())
        {
            if (json.Is("attributes"u8))
            {
                attributes = Attributes(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }

    static void Scopes<T>(ref JsonSource json, SlotRange resource, ref T items)
        where T : struct, IItems
    {
        if (!json.StartArray())
        {
            return;
        }

        var mark = json.Scratch.Here;
        while (json.NextObject())
        {
            Scope(ref json, resource, ref items);
            json.Scratch.CutItem(mark);
        }
    }

    static void Scope<T>(ref JsonSource json, SlotRange resource, ref T items)
        where T : struct, IItems
    {
        var head = default(ScopeHead);
        while (json.NextProperty())
        {
            if (json.Is("scope"u8))
            {
                ReadScope(ref json, ref head);
            }
            else if (json.Is(items.List(2)))
            {
                LookAhead(ref json, ref head);
                Begin(json, resource, head, ref items);
                Items(ref json, ref items);
            }
            else
            {
                json.Skip();
            }
        }
    }

    static void Items<T>(ref JsonSource json, ref T items)
        where T : struct, IItems
    {
        if (!json.StartArray())
        {
            return;
        }

        var mark = json.Scratch.Here;
        while (json.NextObject())
        {
            json.ItemFault = DecodeFault.None;
            items.Item(ref json);
            json.Scratch.CutItem(mark);
        }
    }

    static void LookAhead(ref JsonSource json, ref ScopeHead head)
    {
        if (head.Known)
        {
            return;
        }

        var here = json.Reader;
        json.Skip();
        while (!head.Known && json.NextProperty())
        {
            if (json.Is("scope"u8))
            {
                ReadScope(ref json, ref head);
            }
            else
            {
                json.Skip();
            }
        }

        head.Known = true;
        json.Reader = here;
    }

    static void ReadScope(ref JsonSource json, ref ScopeHead head)
    {
        if (head.Known)
        {
            json.Skip();
            return;
        }

        head.Known = true;
        if (!json.StartObject())
        {
            return;
        }

        while (json.NextProperty())
        {
            if (json.Is("name"u8))
            {
                head.Name = json.Text();
            }
            else if (json.Is("version"u8))
            {
                head.Version = json.Text();
            }
            else if (json.Is("attributes"u8))
            {
                head.Attributes = Attributes(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }

    static void Begin<T>(in JsonSource json, SlotRange resource, in ScopeHead head, ref T items)
        where T : struct, IItems
    {
        var texts = new Texts(json.Body, json.Scratch.Text.Items);
        var all = json.Scratch.Attributes.Items;
        items.Begin(
            new ResourceView(new AttributeList(texts, all.Slice(resource.Start, resource.Count))),
            new ScopeView(texts[head.Name], texts[head.Version], new AttributeList(texts, all.Slice(head.Attributes.Start, head.Attributes.Count))));
    }

    /// <summary>32 hexadecimal digits of any case; zero for an empty text; null for anything else.</summary>
    public static TraceId? Trace(ReadOnlySpan<byte> hex) =>
        hex.IsEmpty ? default(TraceId) : hex.Length == 32 && Hex.TryRead(hex[..16], out var high) && Hex.TryRead(hex[16..], out var low) ? new TraceId(high, low) : null;

    /// <summary>16 hexadecimal digits of any case; zero for an empty text; null for anything else.</summary>
    public static ulong? Span(ReadOnlySpan<byte> hex) => hex.IsEmpty ? 0 : hex.Length == 16 && Hex.TryRead(hex, out var id) ? id : null;

    struct ScopeHead
    {
        public bool Known;
        public TextRef Name;
        public TextRef Version;
        public SlotRange Attributes;
    }
}
