using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Mainstay.Core.Kinds.Schema;

/// <summary>The documentation comments of this assembly, as the compiler writes them beside it; without that file there are none.</summary>
static partial class SchemaDocs
{
    static readonly Lazy<Dictionary<string, XElement>> Members = new(Load);

    /// <summary>A type's summary on one line; null when it has none.</summary>
    public static string? Of(Type type) => Text(Members.Value.GetValueOrDefault($"T:{type.FullName}")?.Element("summary"));

    /// <summary>A property's summary, or that of the parameter it comes from, or that of its type.</summary>
    public static string? Of(PropertyInfo property)
    {
        var owner = property.DeclaringType!;
        return Text(Members.Value.GetValueOrDefault($"P:{owner.FullName}.{property.Name}")?.Element("summary"))
            ?? Text(Members.Value.GetValueOrDefault($"T:{owner.FullName}")?.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == property.Name))
            ?? Of(property.PropertyType);
    }

    static Dictionary<string, XElement> Load()
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{typeof(SchemaDocs).Assembly.GetName().Name}.xml");
        return File.Exists(file)
            ? XDocument.Load(file).Descendants("member").ToDictionary(m => (string)m.Attribute("name")!, StringComparer.Ordinal)
            : [];
    }

    static string? Text(XElement? element) =>
        element is null ? null : Spaces().Replace(string.Concat(element.Nodes().Select(Text)), " ").Trim() is { Length: > 0 } text ? text : null;

    static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "seealso" } see => Name((string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? ""),
        XElement { Name.LocalName: "paramref" } parameter => Name((string?)parameter.Attribute("name") ?? ""),
        XElement other => string.Concat(other.Nodes().Select(Text)),
        _ => "",
    };

    // "P:Mainstay.Core.Kinds.X.MaxBackoff" is "maxBackoff" to who writes manifests.
    static string Name(string reference)
    {
        var name = reference[(reference.LastIndexOf('.') + 1)..];
        return reference.StartsWith("P:", StringComparison.Ordinal) ? JsonNamingPolicy.CamelCase.ConvertName(name) : name;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
