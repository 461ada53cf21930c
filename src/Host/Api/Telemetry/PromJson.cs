using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Mainstay.Observe.Query.Prom;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Answers in the shape of Prometheus' HTTP API: <c>{"status":"success","data":…}</c>, numbers as texts, times in seconds.</summary>
static class PromJson
{
    /// <summary>200 with what <paramref name="write"/> writes as data.</summary>
    public static Answer Success(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("status", "success");
            json.WritePropertyName("data");
            write(json);
            json.WriteEndObject();
        }

        return new BytesAnswer(buffer.WrittenMemory);
    }

    /// <summary>What is wrong with the request or the expression: 400 where it cannot be read, 422 where it asks for what cannot be answered.</summary>
    public static Answer Error(string what, string type = "bad_data")
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("status", "error");
            json.WriteString("errorType", type);
            json.WriteString("error", what);
            json.WriteEndObject();
        }

        return new BytesAnswer(buffer.WrittenMemory, type == "bad_data" ? StatusCodes.Status400BadRequest : StatusCodes.Status422UnprocessableEntity);
    }

    public static Answer Of(PromAnswer? answer, PromFault? fault, bool isMatrix) =>
        answer is null ? Error(fault!.ToString(), fault.IsLimit || fault.IsFound ? "execution" : "bad_data") : Success(json => Write(json, answer, isMatrix));

    public static void Labels(Utf8JsonWriter json, PromLabels labels)
    {
        json.WriteStartObject();
        foreach (var (name, value) in labels.All)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    public static void Texts(Utf8JsonWriter json, IEnumerable<string> texts)
    {
        json.WriteStartArray();
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    /// <summary>A number as Prometheus writes it.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? value > 0 ? "+Inf" : "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');

    static void Write(Utf8JsonWriter json, PromAnswer answer, bool isMatrix)
    {
        json.WriteStartObject();
        var isScalar = answer.Type is PromType.Scalar or PromType.Text && !isMatrix;
        json.WriteString("resultType", answer.Type == PromType.Text ? "string" : isScalar ? "scalar" : isMatrix || answer.Type == PromType.Range ? "matrix" : "vector");
        json.WritePropertyName("result");
        if (isScalar)
        {
            Point(json, answer.Times[0], answer.Type == PromType.Text ? answer.Text : Number(answer.Rows[0].Values[0]));
        }
        else
        {
            json.WriteStartArray();
            foreach (var row in answer.Rows)
            {
                Row(json, row, answer.Times, isMatrix);
            }

            foreach (var series in answer.Raw)
            {
                json.WriteStartObject();
                json.WritePropertyName("metric");
                Labels(json, series.Labels);
                json.WriteStartArray("values");
                foreach (var point in series.Points)
                {
                    Point(json, point.AtMs, Number(point.Value));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    static void Row(Utf8JsonWriter json, PromRow row, long[] times, bool isMatrix)
    {
        json.WriteStartObject();
        json.WritePropertyName("metric");
        Labels(json, row.Labels);
        json.WritePropertyName(isMatrix ? "values" : "value");
        if (isMatrix)
        {
            json.WriteStartArray();
        }

        for (var i = 0; i < times.Length; i++)
        {
            if (PromRow.Has(row.Values[i]))
            {
                Point(json, times[i], Number(row.Values[i]));
            }
        }

        if (isMatrix)
        {
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    static void Point(Utf8JsonWriter json, long atMs, string value)
    {
        json.WriteStartArray();
        json.WriteNumberValue(atMs / 1000m);
        json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
