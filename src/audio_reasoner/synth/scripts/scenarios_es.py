"""Spanish scenarios, their slots and the names of people. Values of facts are in English, what is told is not."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Pools, Scenario

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "hiking",
        "a hike in the mountains",
        (
            ("Uf, esta cuesta es durísima.", "Ya, a mí me arden las piernas."),
            ("Mira qué vistas del {lago|valle}.", "Ha merecido la pena madrugar."),
            ("¿Cuánto falta para la cima?", "Más de lo que parece, me temo."),
            ("¿Paramos un minuto? Necesito agua.", "Claro, la botella está en la mochila."),
        ),
        (
            (
                Option(
                    "dar la vuelta",
                    "dar la vuelta",
                    (
                        "el cielo se está poniendo muy oscuro",
                        "el guarda nos avisó del mal tiempo",
                        "se hace de noche en menos de dos horas",
                        "las rocas mojadas son peligrosas",
                    ),
                    ("turn back", "turning back"),
                ),
                Option(
                    "seguir hasta la cima",
                    "seguir hasta la cima",
                    (
                        "la cima está a solo veinte minutos",
                        "las nubes van en la otra dirección",
                        "hemos venido desde muy lejos por las vistas",
                        "hay un refugio justo debajo de la cima",
                    ),
                    ("go on to the summit", "going on to the summit"),
                ),
            ),
            (
                Option(
                    "tomar el camino del bosque",
                    "tomar el camino del bosque",
                    (
                        "hay más sombra entre los árboles",
                        "el otro camino está lleno de piedras sueltas",
                        "es mucho mejor para las rodillas",
                    ),
                    ("take the forest path", "taking the forest path"),
                ),
                Option(
                    "ir por la cresta",
                    "ir por la cresta",
                    (
                        "las vistas son mucho mejores allí arriba",
                        "el bosque está lleno de mosquitos",
                        "por allí se ahorra casi una hora",
                    ),
                    ("follow the ridge", "following the ridge"),
                ),
            ),
        ),
        (
            Ask("¿A qué hora baja el último teleférico?", "el último teleférico baja a {time}"),
            Ask("¿Cuántas camas hay en el refugio?", "en el refugio hay {many} camas"),
            Ask("¿Cuánto cuesta una noche en el refugio?", "una noche en el refugio cuesta {price}"),
            Ask("¿Dónde está la próxima fuente?", "la próxima fuente está {detrás de la ermita|debajo del puente}"),
            Ask("¿De qué color son las señales?", "las señales de este camino son {rojas|amarillas|azules}"),
        ),
        (
            "hacer una foto desde arriba = take a picture from the top",
            "llegar a casa antes de cenar = be home before dinner",
            "{ver un águila = see an eagle|ver un corzo = see a deer}",
            "comer en un sitio tranquilo = eat in a quiet place",
        ),
    ),
    Scenario(
        "kitchen",
        "cooking dinner together",
        (
            ("Qué bien huele aquí.", "De momento solo son las cebollas."),
            ("¿Quién ha dejado la nevera abierta?", "Perdón, he sido yo."),
            ("¿Me pasas {la sartén|el cuchillo|la fuente} grande?", "Toma, pero cuidado, que pesa."),
            ("El agua ya está hirviendo.", "Pues es el momento de echar la sal."),
        ),
        (
            (
                Option(
                    "hacer una sopa",
                    "hacer una sopa",
                    (
                        "hay que gastar las verduras hoy mismo",
                        "con este frío la sopa sienta muy bien",
                        "el horno lleva toda la semana fallando",
                    ),
                    ("make a soup", "making a soup"),
                ),
                Option(
                    "preparar una pizza",
                    "preparar una pizza",
                    (
                        "la masa lleva reposando desde mediodía",
                        "los niños nunca terminan la sopa",
                        "hay demasiado queso en la nevera",
                    ),
                    ("make a pizza", "making a pizza"),
                ),
            ),
            (
                Option(
                    "cenar en el jardín",
                    "cenar en el jardín",
                    (
                        "es la primera noche cálida del año",
                        "la mesa de la cocina está llena de papeles",
                        "fuera corre un poco de aire",
                    ),
                    ("have dinner in the garden", "having dinner in the garden"),
                ),
                Option(
                    "cenar dentro",
                    "cenar dentro",
                    (
                        "las avispas están insoportables estos días",
                        "las sillas de fuera están mojadas",
                        "sacar todos los platos lleva mucho tiempo",
                    ),
                    ("have dinner inside", "having dinner inside"),
                ),
            ),
        ),
        (
            Ask("¿Cuánto tiempo necesita el pan?", "el pan necesita {many} minutos en el horno"),
            Ask("¿A qué hora llegan los invitados?", "los invitados llegan a {time}"),
            Ask("¿Cuántos huevos quedan?", "quedan {count} huevos"),
            Ask("¿Dónde está el sacacorchos?", "el sacacorchos está {en el primer cajón|detrás de la tostadora}"),
            Ask("¿Cuánto ha costado el queso?", "el queso ha costado {price}"),
        ),
        (
            "probar un postre nuevo = try a new dessert",
            "usar menos sal esta vez = use less salt this time",
            "descansar cinco minutos = rest for five minutes",
            "cocinar algo sin carne = cook something without meat",
        ),
    ),
    Scenario(
        "train station",
        "a delay at a train station",
        (
            ("¿Has entendido lo que han dicho?", "Solo la palabra retraso, por desgracia."),
            ("Qué frío hace en este andén.", "Y la sala de espera está cerrada."),
            ("¿Seguro que este es el andén correcto?", "Eso ponía en la pantalla hace un minuto."),
            ("Nuestro tren ha desaparecido de la pantalla.", "Eso no es buena señal."),
        ),
        (
            (
                Option(
                    "esperar al próximo tren",
                    "esperar al próximo tren",
                    (
                        "los billetes solo valen en esta línea",
                        "el próximo ya aparece en la pantalla",
                        "el autobús para en todos los pueblos",
                    ),
                    ("wait for the next train", "waiting for the next train"),
                ),
                Option(
                    "coger el autobús",
                    "coger el autobús",
                    (
                        "hay un árbol caído en las vías",
                        "el autobús sale de aquí al lado",
                        "nadie sabe cuánto va a durar esto",
                    ),
                    ("take the bus", "taking the bus"),
                ),
            ),
            (
                Option(
                    "reclamar en la taquilla",
                    "reclamar en la taquilla",
                    (
                        "tienen que devolver parte del dinero",
                        "es el tercer retraso de este mes",
                        "la señora de la taquilla es muy amable",
                    ),
                    ("complain at the counter", "complaining at the counter"),
                ),
                Option(
                    "tomar un café",
                    "tomar un café",
                    (
                        "la cola de la taquilla no se acaba nunca",
                        "en la cafetería se está caliente",
                        "el formulario también está en internet",
                    ),
                    ("have a coffee", "having a coffee"),
                ),
            ),
        ),
        (
            Ask("¿A qué hora sale el próximo tren?", "el próximo tren sale a {time}"),
            Ask("¿De qué vía sale ahora?", "el tren sale ahora de la vía {count}"),
            Ask("¿Cuánto cuesta un billete sencillo?", "un billete sencillo cuesta {price}"),
            Ask("¿Dónde está la consigna?", "la consigna está {detrás de la escalera|al lado del quiosco}"),
            Ask("¿Cuánto retraso lleva?", "el tren lleva {many} minutos de retraso"),
        ),
        (
            "llegar a casa esta noche = get home tonight",
            "viajar junto a la ventana = travel by the window",
            "llamar al hotel = call the hotel",
            "comprar algo para leer = buy something to read",
        ),
    ),
    Scenario(
        "moving house",
        "moving into a new flat",
        (
            ("Cuidado con esa caja, está llena de platos.", "¿Y por qué está encima de los libros?"),
            ("Esta escalera me va a matar.", "Solo quedan dos pisos, ánimo."),
            ("No me puedo creer que haya tantas cosas.", "Y el trastero todavía está lleno."),
            ("¿Esta lámpara va en {la cocina|el dormitorio}?", "Déjala en el pasillo de momento."),
        ),
        (
            (
                Option(
                    "pintar primero las paredes",
                    "pintar primero las paredes",
                    (
                        "en una habitación vacía es mucho más fácil",
                        "el color de ahora da dolor de cabeza",
                        "la pintura ya está en el pasillo",
                    ),
                    ("paint the walls first", "painting the walls first"),
                ),
                Option(
                    "subir primero los muebles",
                    "subir primero los muebles",
                    (
                        "la furgoneta cuesta más a partir de mañana",
                        "puede empezar a llover en cualquier momento",
                        "esta noche hacen falta las camas",
                    ),
                    ("bring in the furniture first", "bringing in the furniture first"),
                ),
            ),
            (
                Option(
                    "subir el piano ahora",
                    "subir el piano ahora",
                    (
                        "los vecinos fuertes se van dentro de media hora",
                        "luego nadie va a tener fuerzas",
                        "cada vez hace más calor",
                    ),
                    ("carry the piano upstairs", "carrying the piano upstairs"),
                ),
                Option(
                    "llamar a unos profesionales",
                    "llamar a unos profesionales",
                    (
                        "no cabe por la curva de la escalera",
                        "alguien se puede hacer mucho daño",
                        "el seguro solo paga a profesionales",
                    ),
                    ("call some professionals", "calling some professionals"),
                ),
            ),
        ),
        (
            Ask("¿A qué hora hay que devolver la furgoneta?", "hay que devolver la furgoneta a {time}"),
            Ask("¿Cuánto cuesta la furgoneta?", "la furgoneta cuesta {price} al día"),
            Ask("¿Dónde están las herramientas?", "las herramientas están {en la bañera|debajo de la manta azul}"),
            Ask("¿Cuántas cajas quedan abajo?", "abajo quedan {many} cajas"),
            Ask("¿Cuándo va a funcionar internet?", "internet va a funcionar el {day}"),
        ),
        (
            "conservar el sofá viejo = keep the old sofa",
            "tener la habitación del balcón = have the room with the balcony",
            "conocer a los vecinos = meet the neighbours",
            "tirar la mitad de las cajas = throw away half of the boxes",
        ),
    ),
    Scenario(
        "library",
        "a study group in the library",
        (
            ("Chis, que nos está mirando todo el mundo.", "Perdón, hablo más bajo."),
            ("¿Alguien usa {esta lámpara|esta silla|este enchufe}?", "No, adelante."),
            ("He leído esta página tres veces.", "Y yo tampoco la entiendo."),
            ("El libro que necesito está prestado otra vez.", "Siempre se adelanta alguien."),
        ),
        (
            (
                Option(
                    "seguir en la sala de lectura",
                    "seguir en la sala de lectura",
                    (
                        "aquí están todos los diccionarios",
                        "es el único sitio tranquilo",
                        "la cafetería está llena a estas horas",
                    ),
                    ("stay in the reading room", "staying in the reading room"),
                ),
                Option(
                    "ir a la cafetería",
                    "ir a la cafetería",
                    (
                        "aquí no se puede hablar de nada",
                        "a todos nos hace falta un café",
                        "la calefacción de esta sala está rota",
                    ),
                    ("go to the café", "going to the café"),
                ),
            ),
            (
                Option(
                    "escribir juntos el resumen",
                    "escribir juntos el resumen",
                    (
                        "así todos conocen el texto entero",
                        "la última vez las partes no encajaban",
                        "así se encuentran antes los errores",
                    ),
                    ("write the summary together", "writing the summary together"),
                ),
                Option(
                    "repartir los capítulos",
                    "repartir los capítulos",
                    (
                        "faltan muy pocos días para el examen",
                        "así se tarda la mitad",
                        "hay gente que escribe mejor a solas",
                    ),
                    ("split the chapters", "splitting the chapters"),
                ),
            ),
        ),
        (
            Ask("¿A qué hora cierra la biblioteca?", "la biblioteca cierra a {time}"),
            Ask("¿Cuántos libros se pueden sacar?", "se pueden sacar {count} libros"),
            Ask("¿Cuánto cuesta entregar tarde un libro?", "un libro con retraso cuesta {price} al mes"),
            Ask("¿Dónde están los atlas?", "los atlas están {en el segundo piso|al lado de la fotocopiadora}"),
            Ask("¿Cuándo es el examen?", "el examen es el {day}"),
        ),
        (
            "entender el tercer capítulo = understand the third chapter",
            "devolver dos libros = return two books",
            "terminar el trabajo antes del domingo = finish the paper before Sunday",
            "aprobar el examen = pass the exam",
        ),
    ),
    Scenario(
        "birthday party",
        "planning a surprise party",
        (
            ("Más bajo, que nos puede oír.", "No te preocupes, ha salido a correr."),
            ("¿Alguien ha hecho la lista de invitados?", "La tengo aquí mismo."),
            ("Cuarenta años no se cumplen todos los días.", "Por eso tiene que salir todo perfecto."),
            ("La fiesta del año pasado fue un desastre.", "No me recuerdes aquella tarta."),
        ),
        (
            (
                Option(
                    "alquilar la casa del lago",
                    "alquilar la casa del lago",
                    (
                        "hay sitio para todos y una pista de baile",
                        "allí la música no molesta a nadie",
                        "el piso es demasiado pequeño",
                    ),
                    ("rent the house by the lake", "renting the house by the lake"),
                ),
                Option(
                    "celebrar la fiesta en casa",
                    "celebrar la fiesta en casa",
                    (
                        "en casa no cuesta nada",
                        "el último autobús del lago sale a las diez",
                        "en abril puede llover a cántaros",
                    ),
                    ("celebrate at home", "celebrating at home"),
                ),
            ),
            (
                Option(
                    "contratar a un grupo",
                    "contratar a un grupo",
                    (
                        "con música en directo baila todo el mundo",
                        "el batería hace un precio especial",
                        "a ella le encanta ese grupo",
                    ),
                    ("hire a band", "hiring a band"),
                ),
                Option(
                    "preparar una lista de canciones",
                    "preparar una lista de canciones",
                    (
                        "un grupo se come todo el presupuesto",
                        "cada invitado puede añadir una canción",
                        "la gente también quiere hablar",
                    ),
                    ("make a playlist", "making a playlist"),
                ),
            ),
        ),
        (
            Ask("¿A qué hora vienen los invitados?", "los invitados vienen a {time}"),
            Ask("¿Cuánta gente viene?", "vienen {many} personas"),
            Ask("¿Cuánto cuesta la tarta?", "la tarta cuesta {price}"),
            Ask("¿Dónde están los regalos?", "los regalos están {en el garaje|debajo de la escalera}"),
            Ask("¿Qué día es la fiesta?", "la fiesta es el {day}"),
        ),
        (
            "hacer la tarta = bake the cake",
            "decir unas palabras = give a short speech",
            "invitar a los amigos del colegio = invite the old school friends",
            "sacar muchas fotos = take lots of pictures",
        ),
    ),
    Scenario(
        "garage",
        "a broken car at the garage",
        (
            ("A ver, ¿qué le pasa al coche?", "Hace un ruido horrible al arrancar."),
            ("Hay aceite por todo el suelo.", "Cuidado con los zapatos, traigo un trapo."),
            ("Se paró justo en medio del puente.", "Qué susto, menos mal que no pasó nada."),
            ("¿Cuántos kilómetros tiene?", "Demasiados para contarlos."),
        ),
        (
            (
                Option(
                    "arreglar el coche viejo",
                    "arreglar el coche viejo",
                    (
                        "el motor todavía está en buen estado",
                        "una pieza usada no cuesta casi nada",
                        "los coches nuevos llevan demasiada electrónica",
                    ),
                    ("repair the old car", "repairing the old car"),
                ),
                Option(
                    "buscar otro coche",
                    "buscar otro coche",
                    (
                        "el óxido se ha comido media carrocería",
                        "el año que viene fallarán los frenos",
                        "gasta el doble que uno nuevo",
                    ),
                    ("look for another car", "looking for another car"),
                ),
            ),
            (
                Option(
                    "dejar aquí el coche",
                    "dejar aquí el coche",
                    (
                        "conducir con ese ruido es peligroso",
                        "el autobús para delante de la puerta",
                        "mañana empiezan a primera hora",
                    ),
                    ("leave the car here", "leaving the car here"),
                ),
                Option(
                    "llevar el coche a casa",
                    "llevar el coche a casa",
                    (
                        "la pieza no llega hasta la semana que viene",
                        "mañana hay que llevar a los niños",
                        "aquí cobran por cada noche",
                    ),
                    ("take the car home", "taking the car home"),
                ),
            ),
        ),
        (
            Ask("¿Cuánto cuesta la batería nueva?", "la batería nueva cuesta {price}"),
            Ask("¿Cuándo llega la pieza?", "la pieza llega el {day}"),
            Ask("¿A qué hora abre el taller?", "el taller abre a {time}"),
            Ask("¿Cuántos coches hay delante?", "hay {count} coches en la lista"),
            Ask("¿Dónde se averió?", "el coche se averió {cerca del aeropuerto|a la salida del túnel}"),
        ),
        (
            "saber el precio antes = know the price in advance",
            "alquilar un coche para el domingo = rent a car for Sunday",
            "revisar también los frenos = have the brakes checked too",
            "conservar la radio = keep the radio",
        ),
    ),
)

_HOURS = ("cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once")
_PARTS = ("y media", "y cuarto", "menos cuarto", "y diez", "menos diez")
# Two and twelve, three and thirteen, sixty and seventy: what ears confuse in Spanish.
_PAIRS = (("dos", "doce"), ("tres", "trece"), ("sesenta", "setenta"))


def _both(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {**dict(pairs), **{b: a for a, b in pairs}}


_TIMES = _both([(f"las dos {p}", f"las doce {p}") for p in _PARTS])
_PRICES = _both([(f"{a} euros", f"{b} euros") for a, b in _PAIRS])
_MANY = _both([(a, b) for a, b in _PAIRS if a != "dos"])

POOLS = Pools(
    values={
        "time": (*_TIMES, *(f"las {h} {p}" for h in _HOURS for p in _PARTS)),
        "price": (*_PRICES, *(f"{n} euros" for n in ("veinte", "quince", "cuarenta", "cincuenta", "ochenta"))),
        "many": (*_MANY, "quince", "veinte", "cuarenta", "cincuenta", "ochenta"),
        "count": ("dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
        "day": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    },
    alike={**_TIMES, **_PRICES, **_MANY},
)

WOMEN = ("Lucía", "Carmen", "Elena", "Marta", "Pilar", "Sofía", "Beatriz", "Irene", "Nuria", "Raquel")
MEN = ("Javier", "Diego", "Pablo", "Andrés", "Tomás", "Víctor", "Hugo", "Óscar", "Gonzalo", "Felipe")
