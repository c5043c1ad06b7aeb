//! What the people of the demo write, in the languages they write in. All of it is invented.

/// Chile's first answer on question `untoc-5-1`.
pub(crate) const RESPONSE_1: &str = "El artículo 292 del Código Penal tipifica la asociación ilícita.";
/// The second revision, which is later opened.
pub(crate) const RESPONSE_2: &str = "Los artículos 292 y 293 del Código Penal tipifican la asociación delictiva \
y la asociación criminal. La pena se agrava para quienes la dirigen o la financian. Se adjunta el texto legal.";
/// The third revision, which stays within the review.
pub(crate) const RESPONSE_3: &str = "Como la revisión anterior; además, un proyecto de ley en trámite amplía la \
responsabilidad de las personas jurídicas. Su texto todavía es reservado.";
/// A second section, which is opened to everyone.
pub(crate) const PUBLIC_RESPONSE: &str = "Sí. La Ley 20.393 establece la responsabilidad penal de las personas \
jurídicas, y desde 2023 alcanza a la participación en una asociación criminal.";
/// Kenya's question.
pub(crate) const QUESTION: &str = "Does the aggravated penalty for financing also apply where the funds come \
from a lawful source? Please point us to the provision, if there is one.";
/// The draft of Chile's expert.
pub(crate) const DRAFT: &str = "Borrador para el punto focal: sí, el artículo 293 no distingue el origen de los \
fondos. Propongo adjuntar el artículo completo.";
/// Chile's reply.
pub(crate) const REPLY: &str = "Sí. El artículo 293 no distingue el origen de los fondos: basta con que se \
entreguen a sabiendas del fin. Se adjunta el artículo completo.";
/// Portugal's question, in French.
pub(crate) const SECOND_QUESTION: &str = "Des statistiques sur les condamnations prononcées en application de \
ces articles sont-elles disponibles pour les cinq dernières années ?";
/// Between the reviewers.
pub(crate) const COORDINATION: &str = "Proposons de traiter les articles 5 et 10 ensemble. Le Kenya rédige, le \
Portugal relit.";
/// After a laptop was stolen.
pub(crate) const AFTER_THE_THEFT: &str =
    "Thank you for the regulation. In which cases has article 293 been applied since its amendment?";
/// After an expert has left.
pub(crate) const AFTER_LEAVING: &str =
    "Thank you. Our team has changed; from here on I follow this thread alone.";
/// The next focal point of Portugal.
pub(crate) const SUCCESSOR: &str = "Inês Tavares";
/// After the hand-over.
pub(crate) const AFTER_HANDING_OVER: &str = "Je remplace mon prédécesseur et j'ai lu tout l'échange. Combien de condamnations ont été prononcées en 2025 ?";
/// What the secretariat tries to write.
pub(crate) const SECRETARIAT: &str = "The secretariat would like to remark the following.";
/// What an expert tries to submit.
pub(crate) const UNCLEARED: &str = "Respuesta enviada sin autorización del punto focal.";

/// Documents that Chile hands in: file name, language, title, content. Short stand-ins in several scripts.
pub(crate) const DOCUMENTS: [(&str, &str, &str, &str); 3] = [
    (
        "codigo-penal-292-293.txt",
        "es",
        "Código Penal, artículos 292 y 293 (extracto)",
        "Artículo 292. El que tomare parte en una asociación delictiva será sancionado ...\n\
         Artículo 293. El que tomare parte en una asociación criminal será sancionado ...\n",
    ),
    (
        "司法协助条约.txt",
        "zh",
        "刑事司法协助条约(中文文本)",
        "缔约双方应当根据本条约,相互提供最广泛的刑事司法协助。\n",
    ),
    (
        "اتفاقية-التعاون.txt",
        "ar",
        "اتفاقية التعاون في مكافحة الجريمة المنظمة",
        "تتعاون الدولتان على منع الجريمة المنظمة عبر الوطنية ومكافحتها.\n",
    ),
];

/// The document that goes with Chile's reply.
pub(crate) const ARTICLE_293: &str = "Artículo 293. El que tomare parte en una asociación criminal, o la financiare a \
sabiendas de su fin, cualquiera sea el origen de los fondos, será sancionado ...\n";
