using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Alerts;

/// <summary>Takes alerts in as they are read. A view is valid during the call alone.</summary>
public interface IAlertSink
{
    void Alert(in AlertView alert);
}

/// <summary>One alert as Prometheus sends it.</summary>
public readonly ref struct AlertView
{
    internal AlertView(AttributeList labels, AttributeList annotations, DateTimeOffset? startsAt, DateTimeOffset? endsAt, ReadOnlySpan<byte> generator)
    {
        Labels = labels;
        Annotations = annotations;
        StartsAt = startsAt;
        EndsAt = endsAt;
        Generator = generator;
    }

    /// <summary>What identifies the alert; <c>alertname</c> among them.</summary>
    public AttributeList Labels { get; }

    public AttributeList Annotations { get; }

    /// <summary>Null: now.</summary>
    public DateTimeOffset? StartsAt { get; }

    /// <summary>Null: it goes on until the resolve timeout.</summary>
    public DateTimeOffset? EndsAt { get; }

    /// <summary>A link to what raised it; empty where there is none.</summary>
    public ReadOnlySpan<byte> Generator { get; }
}

/// <summary>Reads the body of Alertmanager's <c>POST /api/v2/alerts</c>: a list of alerts.</summary>
public static class AlertList
{
    /// <summary>Tells every alert to the sink; one without labels is refused.</summary>
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, IAlertSink sink) => JsonList.Read(body, scratch, sink, One);

    static void One(ref JsonSource json, IAlertSink sink)
    {
        var (labels, annotations, generator) = (default(SlotRange), default(SlotRange), default(TextRef));
        DateTimeOffset? starts = null, ends = null;
        while (json.NextProperty())
        {
            if (json.Is("labels"u8))
            {
                labels = Map(ref json);
            }
            else if (json.Is("annotations"u8))
            {
                annotations = Map(ref json);
            }
            else if (json.Is("startsAt"u8))
            {
                starts = Time(ref json);
            }
            else if (json.Is("endsAt"u8))
            {
                ends = Time(ref json);
            }
            else if (json.Is("generatorURL"u8))
            {
                generator = json.Text();
            }
            else
            {
                json.Skip();
            }
        }

        if (labels.Count == 0 && json.ItemFault == DecodeFault.None)
        {
            json.ItemFault = DecodeFault.BadId;
        }

        if (json.ItemFault == DecodeFault.None)
        {
            var texts = new Texts(json.Body, json.Scratch.Text.Items);
            var all = json.Scratch.Attributes.Items;
            sink.Alert(new(
                new AttributeList(texts, all.Slice(labels.Start, labels.Count)), new AttributeList(texts, all.Slice(annotations.Start, annotations.Count)), starts, ends, texts[generator]));
        }
    }

    static SlotRange Map(ref JsonSource json)
    {
        var first = json.Scratch.Attributes.Count;
        if (json.StartObject())
        {
            while (json.NextProperty())
            {
                var slot = new AttributeSlot { Key = json.Here(), Kind = AttributeKind.Text };
                slot.Text = json.Text();
                json.Add(slot);
            }
        }

        return new(first, json.Scratch.Attributes.Count - first);
    }

    // Go writes the year 1 where there is no time.
    static DateTimeOffset? Time(ref JsonSource json)
    {
        json.Read();
        if (json.Token == JsonTokenType.Null)
        {
            return null;
        }

        return json.Token == JsonTokenType.String && json.Reader.TryGetDateTimeOffset(out var time)
            ? time.Year > 1 ? time : null
            : throw new JsonException("a time is expected");
    }
}
